// Finds the TCP connection beneath a TLS socket: a server counts and limits the former, and a request names the latter.

import type { Server, Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';

export class BeneathTls {
  /** Connections whose handshake is not over: the HTTP server does not know of them yet. */
  readonly #handshaking = new Map<string, Socket>();
  readonly #beneath = new WeakMap<object, Socket>();

  /** @param server with plain HTTP there is nothing to find */
  constructor(server: Server) {
    if (!(server instanceof TlsServer)) return;
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#handshaking.set(peer, socket);
      socket.once('close', () => {
        if (this.#handshaking.get(peer) === socket) this.#handshaking.delete(peer);
      });
    });
    // First of the listeners, so that a request of the same bytes finds it.
    server.prependListener('secureConnection', (secure: TLSSocket) => {
      const peer = peerOf(secure);
      const socket = this.#handshaking.get(peer);
      if (socket === undefined) return;
      this.#handshaking.delete(peer);
      this.#beneath.set(secure, socket);
    });
  }

  /** The connection itself where there is no TLS on it. */
  of(socket: Socket): Socket {
    return socket instanceof TLSSocket ? (this.#beneath.get(socket) ?? socket) : socket;
  }

  /** Cuts the connections of which no TLS socket was handed on yet. */
  destroyHandshaking(): void {
    for (const socket of this.#handshaking.values()) socket.destroy();
  }
}

/** No two open connections of a listener have the same four. */
function peerOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress}|${localPort}|${remoteAddress}|${remotePort}`;
}
