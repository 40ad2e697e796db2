// An HTTPS server whose certificate can be replaced while it runs.
import type { ServerOptions } from 'node:http';
import { createServer, type Server } from 'node:https';
import { MIN_TLS, type Pair } from '../tls/pair.ts';

/** A certificate with its key, and word of each later one. */
export interface RenewedPair {
  readonly pair: Pair;
  watch(listener: (pair: Pair) => void): void;
}

/** As long as a request may take to come; Node's default is two minutes. */
const HANDSHAKE_MS = 15_000;

export function createTlsServer(settings: ServerOptions, certificate: RenewedPair): Server {
  const { cert, key } = certificate.pair;
  const server = createServer({
    ...{ ...settings, cert, key },
    minVersion: MIN_TLS,
    handshakeTimeout: HANDSHAKE_MS,
  });
  certificate.watch((pair) =>
    server.setSecureContext({ cert: pair.cert, key: pair.key, minVersion: MIN_TLS }),
  );
  // Such as plain HTTP, or an old version of TLS: there is no connection on which an answer could go.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return server;
}
