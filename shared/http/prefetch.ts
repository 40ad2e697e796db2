// Requests that a browser makes ahead of a click that may never come.
import type { IncomingHttpHeaders } from 'node:http';

/** Sec-Purpose: https://fetch.spec.whatwg.org/#sec-purpose-header ; older browsers send the others. */
export function isPrefetch({
  'sec-purpose': secPurpose,
  purpose,
  'x-moz': xMoz,
}: IncomingHttpHeaders): boolean {
  if (secPurpose === undefined && purpose === undefined && xMoz === undefined) return false;
  return /prefetch|prerender|preview/i.test(`${secPurpose} ${purpose} ${xMoz}`);
}
