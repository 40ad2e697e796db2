// What a failed request to a sandbox means for the reader.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Refusal } from './types.ts';

export interface Failure extends Omit<Refusal, 'id'> {
  /** Whether somebody should look at the sandbox. */
  readonly hint: boolean;
}

/** Nothing listens at the address, or there is no such address. */
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** @param code of the system's error, or an `UpstreamErrorCode` */
export function describeFailure(code: string | undefined): Failure {
  if (code === undefined) return { status: 502, reason: 'upstream-error', hint: false };
  if (NOBODY_THERE.has(code)) return { status: 503, reason: 'dead', hint: true };
  if (isStale(code)) return { status: 502, reason: 'upstream-error', hint: true };
  switch (code) {
    case 'ETIMEDOUT':
      return { status: 504, reason: 'upstream-timeout', hint: true };
    case 'UPSTREAM_TIMEOUT':
      return { status: 504, reason: 'upstream-timeout', hint: false };
    case 'REQUEST_MALFORMED':
      return { status: 400, reason: 'malformed', hint: false };
    default:
      return { status: 502, reason: 'upstream-error', hint: false };
  }
}

/** The sandbox closed the connection. */
function isStale(code: string | undefined): boolean {
  return code === 'UPSTREAM_CLOSED' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** The connection ended, which a kept-alive one may do at any time. */
export function isConnectionLoss(code: string | undefined): boolean {
  return isStale(code) || code === 'UPSTREAM_DESTROYED';
}

/** The reader must see that something is missing. Where only the closing marks the end, it has to be a reset. */
export function breakOff(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const endsByClosing = request.httpVersion === '1.0' && !response.hasHeader('content-length');
  if (endsByClosing && socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  response.destroy();
}
