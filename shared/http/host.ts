// The Host header (RFC 9112 §3.2): exactly one, and valid; otherwise two programs in a chain could read different hosts.
import type { IncomingMessage } from 'node:http';

/** `uri-host [":" port]` of RFC 9110 §7.2; empty is allowed. */
const VALID = /^(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d{0,5})?$/;

/** The fault of the request's Host header; undefined when there is none. */
export function findHostFault(request: IncomingMessage): string | undefined {
  const { rawHeaders, httpVersion } = request;
  let count = 0;
  // `headers` keeps only the first of several.
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  if (count > 1) return `the request has ${count} Host headers`;
  if (count === 0) return httpVersion === '1.0' ? undefined : 'the request has no Host header';
  const { host = '' } = request.headers;
  return VALID.test(host) ? undefined : `the Host header is invalid: ${JSON.stringify(host.slice(0, 100))}`;
}
