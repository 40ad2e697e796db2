// Opens a connection to a sandbox, within a limited time.
import type { Socket } from 'node:net';
import { errors } from 'undici';
import type { Address } from '../../engine/engine.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const TCP_KEEP_ALIVE_MS = 60_000;
/** Largest head of an answer. */
export const MAX_HEADER_BYTES = 64 * 1024;

export type Connected = (...result: [null, Socket] | [Error, null]) => void;

/** Connects this new socket. */
export function connectTo<T extends Socket>({ host, port }: Address, socket: T, callback: Connected): T {
  let waiting: Connected | undefined = callback;
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('the sandbox accepts no connection'), { code: 'ETIMEDOUT' }));
  }, CONNECT_TIMEOUT_MS);
  const settle = (...result: Parameters<Connected>): void => {
    clearTimeout(timer);
    waiting?.(...result);
    waiting = undefined;
  };
  socket.on('error', (error) => settle(error, null));
  socket.once('close', () => settle(new errors.ClientDestroyedError(), null));
  socket.once('connect', () => settle(null, socket));
  socket.setNoDelay(true);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  socket.connect({ host, port });
  return socket;
}
