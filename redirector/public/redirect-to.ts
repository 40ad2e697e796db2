// Answers with a redirect, on the hot path.
import type { ServerResponse } from 'node:http';
import { serverTimingOf } from '../../shared/reader-times/server-timing.ts';

interface RedirectRest {
  /** 303 after a POST, so that the browser goes on with GET (RFC 9110 §15.4.4). */
  readonly status?: number;
  readonly cookie?: string | undefined;
}

export function redirectTo(
  response: ServerResponse,
  location: string,
  { status = 302, cookie }: RedirectRest = {},
): void {
  // node:http writes a flat list of names and values as it is; it would take an object apart first.
  const headers = ['location', location, 'cache-control', 'no-store', 'content-length', '0'];
  if (cookie !== undefined) headers.push('set-cookie', cookie);
  const timing = serverTimingOf(response);
  if (timing !== undefined) headers.push('server-timing', timing);
  response.writeHead(status, headers);
  response.end();
}
