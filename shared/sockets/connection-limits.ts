// Limits the open connections of a listener, in all and by client. Without them, silent connections use up the
// descriptors of the process, and then it can neither accept a reader nor poll a node.
import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { OpenCounts } from '../collections/open-counts.ts';
import type { BeneathTls } from './beneath-tls.ts';
import { endSocket } from './end-socket.ts';

export interface ConnectionLimits {
  /** Most open connections; `Infinity` for no limit. */
  readonly max: number;
  /** Most open connections of one client; `Infinity` for no limit. */
  readonly perClient: number;
  /** The client at an address; undefined where its connections are not counted: a TLS terminator's, or an exempt one's. */
  readonly clientAt: (address: string) => string | undefined;
}

export const NO_CONNECTION_LIMITS: ConnectionLimits = {
  max: Number.POSITIVE_INFINITY,
  perClient: Number.POSITIVE_INFINITY,
  clientAt: () => undefined,
};

/** Rising: connections that were closed because of a limit. */
export interface RefusedConnections {
  /** Refused because `max` was reached. */
  full: number;
  /** Refused because their client had too many. */
  client: number;
  /** Closed near `max`, because no whole request had come on them. */
  silent: number;
}

/** Near `max`, a connection without a request may be closed this long after it was opened. ms */
const SILENT_MS = 1_000;
/** The share of `max` from which on connections without a request, and idle ones, make room. */
const NEARLY_FULL = 0.9;

const WHY = 'Too many connections from your address are open.\n';
const TOO_MANY =
  'HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 5\r\nCache-Control: no-store\r\n' +
  `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${WHY.length}\r\n\r\n${WHY}`;

/**
 * Applies the limits to a server that is not listening yet.
 * @param beneath of that server
 */
export function limitConnections(
  server: Server | HttpsServer,
  limits: ConnectionLimits,
  beneath: Pick<BeneathTls, 'of'>,
): RefusedConnections {
  const refused: RefusedConnections = { full: 0, client: 0, silent: 0 };
  /** Connections without a request so far, and when each was opened: oldest first. */
  const silent = new Map<Socket, number>();
  const open = new OpenCounts(limits.perClient);
  const isCounted = Number.isFinite(limits.perClient);
  let all = 0;
  let idleClosedAt = 0;

  const makeRoom = (now: number): void => {
    const [oldest] = silent;
    if (oldest !== undefined && oldest[1] <= now - SILENT_MS) {
      refused.silent += 1;
      silent.delete(oldest[0]);
      oldest[0].destroy();
    }
    if (now - idleClosedAt < SILENT_MS) return;
    idleClosedAt = now;
    server.closeIdleConnections();
  };

  if (Number.isFinite(limits.max)) server.maxConnections = limits.max;
  server.on('drop', () => {
    refused.full += 1;
  });
  server.on('connection', (socket: Socket) => {
    const now = performance.now();
    const client = isCounted ? limits.clientAt(socket.remoteAddress ?? '') : undefined;
    const close = client === undefined ? undefined : open.open(client);
    all += 1;
    if (all >= limits.max * NEARLY_FULL) makeRoom(now);
    silent.set(socket, now);
    socket.once('close', () => {
      all -= 1;
      silent.delete(socket);
      close?.();
    });
    if (client === undefined || close !== undefined) return;
    refused.client += 1;
    // An answer would cost a handshake.
    if (server instanceof TlsServer) {
      socket.destroy();
      return;
    }
    endSocket(socket, TOO_MANY);
    socket.destroySoon();
  });
  const speak = (request: IncomingMessage): void => {
    silent.delete(beneath.of(request.socket));
  };
  server.on('request', speak);
  // In its place where a reader waits to be asked for the body.
  server.on('checkContinue', speak);
  server.on('upgrade', speak);
  return refused;
}
