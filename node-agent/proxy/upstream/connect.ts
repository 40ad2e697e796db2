// Opens a connection to a sandbox, within a limited time.
import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { Address } from '../../engine/engine.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const TCP_KEEP_ALIVE_MS = 60_000;

/**
 * A new connection, which is destroyed with `ETIMEDOUT` where the sandbox does not accept it.
 * @param onread where bytes are read to, and who gets them: the socket is no stream of them
 */
export function connectTo({ host, port }: Address, onread: OnReadOpts): Socket {
  const socket = connect({
    ...{ host, port, onread },
    ...{ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS },
  });
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('the sandbox accepts no connection'), { code: 'ETIMEDOUT' }));
  }, CONNECT_TIMEOUT_MS);
  const settle = (): void => clearTimeout(timer);
  socket.once('connect', settle).once('close', settle);
  return socket;
}
