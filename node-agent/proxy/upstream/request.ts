// A request as a sandbox gets it, and how its head is written.

import { UpstreamError } from './errors.ts';
import type { RequestBody } from './request-body.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** The request target. */
  readonly target: string;
  /** Names and values in turn, without what is for one hop. */
  readonly headers: readonly string[];
  readonly body: RequestBody | undefined;
  /** The reader waits for `100 Continue` before it sends the body. */
  readonly isExpecting: boolean;
  /** The protocol that the reader asks for. */
  readonly upgrade: string | undefined;
  /** From the last byte of the request that was sent to the head of the response, ms; 0 is no limit. */
  readonly headersTimeout: number;
}

/** What a request target can be made of; Node's parser lets nothing else in. */
const TARGET = /^[\x21-\xff]+$/;
/** A server may wait for the body of these where no length is said (RFC 9110 §8.6). */
const HAS_PAYLOAD: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

/** How the request's body is framed: its length, or chunks. */
export type BodyFraming = 'length' | 'chunks';

export interface RequestHead {
  /** One latin1 character a byte. */
  readonly text: string;
  readonly framing: BodyFraming;
}

/**
 * @param defaultHost for a reader of HTTP/1.0 who names none
 * @throws UpstreamError `REQUEST_MALFORMED`
 */
export function writeHead(
  { method, target, headers, body, isExpecting, upgrade }: UpstreamRequest,
  defaultHost: string,
): RequestHead {
  if (!TARGET.test(target)) throw new UpstreamError('REQUEST_MALFORMED', 'the request target is malformed');
  let host = defaultHost;
  let length: string | undefined;
  let lines = '';
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') host = value;
    else if (name.length === 14 && name.toLowerCase() === 'content-length') length = value;
    else lines += `${name}: ${value}\r\n`;
  }
  let head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${connectionLines(method, upgrade)}`;
  if (isExpecting) head += 'expect: 100-continue\r\n';
  if (body !== undefined && length === undefined) head += 'transfer-encoding: chunked\r\n';
  else if (body !== undefined) head += `content-length: ${length?.replace(/^0+(?=\d)/, '')}\r\n`;
  else if (HAS_PAYLOAD.has(method)) head += 'content-length: 0\r\n';
  return { text: `${head}${lines}\r\n`, framing: length === undefined ? 'chunks' : 'length' };
}

/** Servers exist that send a body after HEAD, so its connection is not used again. */
function connectionLines(method: string, upgrade: string | undefined): string {
  if (upgrade !== undefined) return `connection: upgrade\r\nupgrade: ${upgrade}\r\n`;
  return method === 'HEAD' ? 'connection: close\r\n' : 'connection: keep-alive\r\n';
}
