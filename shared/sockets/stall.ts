// How long a request may stand still. Our own answers are short, so 20 s; a request that goes on to a sandbox may take
// as long as its program does.
import { IncomingMessage, type ServerResponse } from 'node:http';
import { endSocket } from './end-socket.ts';
import { onceRead } from './unread.ts';

/** Longest time for the whole body of a request to us, and longest time without a byte while one side waits. ms */
export const OWN_STALL_MS = 20_000;

/** Rounds of `OWN_STALL_MS` that a peer may wait in silence for our answer: event streams and long polls do. */
const MAX_WAITING_ROUNDS = 30;

const LATE =
  'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n';

/** A request that knows whether it has a stall time of its own: collecting the entries of a WeakSet costs more. */
export class StallingRequest extends IncomingMessage {
  isAllowed = false;
}

/** Lets a request, and the answer to it, stand still for `ms`; then its connection is destroyed. */
export function allowStall(request: IncomingMessage, ms: number): void {
  if (request instanceof StallingRequest) request.isAllowed = true;
  const { socket } = request;
  // A timer for each call would be a part of what a small answer costs.
  if (socket.timeout !== ms) socket.setTimeout(ms);
}

function isAllowed(request: IncomingMessage): boolean {
  return request instanceof StallingRequest && request.isAllowed;
}

/** Limits a request that we answer ourselves. To be called when its handler has returned. */
export function limitStall(request: IncomingMessage, response: ServerResponse): void {
  const { headers, socket } = request;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  // Most redirects have been sent by now; a timer for each would cost more than choosing a node.
  if (!hasBody && response.writableEnded && socket.writableLength === 0) return;
  if (isAllowed(request)) return;
  if (hasBody) limitBody(request, response);
  if (response.writableFinished) return;
  let rounds = 0;
  let written = socket.bytesWritten;
  response.setTimeout(OWN_STALL_MS, () => {
    rounds = socket.bytesWritten === written ? rounds + 1 : 0;
    written = socket.bytesWritten;
    // The peer waits for us, not we for the peer.
    const isOurs = request.complete && response.writableLength === 0 && socket.writableLength === 0;
    if (isOurs && rounds < MAX_WAITING_ROUNDS && !isAllowed(request)) socket.setTimeout(OWN_STALL_MS);
    else socket.destroy();
  });
}

/** A body that comes a byte at a time never stalls, so it has to be whole in time. */
function limitBody(request: IncomingMessage, response: ServerResponse): void {
  const refuse = (): void => {
    if (request.complete || request.destroyed || isAllowed(request)) return;
    // Only before an answer, and not amid those of pipelined requests, there is a place for one.
    if (response.headersSent || response.socket === null) request.socket.destroy();
    else endSocket(request.socket, LATE);
  };
  const timer = setTimeout(() => onceRead(refuse), OWN_STALL_MS);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}
