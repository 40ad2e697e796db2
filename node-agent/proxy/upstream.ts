// Kept-alive connections to one sandbox. A pool of our own over undici's clients, because back-pressure must be
// put on the socket: undici 7 asserts, and so ends the process, when a connection closes while its parser is
// paused (nodejs/undici#5360), and any sandbox could bring that about.
import { Socket, type SocketConstructorOpts } from 'node:net';
import { Client, errors } from 'undici';
import { errorCode } from '../../shared/errors.ts';
import type { Address } from '../engine/engine.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than what servers keep, so that few requests meet a connection that is just being closed. */
const KEEP_ALIVE_MS = 15_000;
const MAX_HEADER_BYTES = 64 * 1024;
const TCP_KEEP_ALIVE_MS = 60_000;
/** A socket is also a stream, and takes a stream's options; its types do not say so. */
const BUFFERING: SocketConstructorOpts & { readonly highWaterMark: number } = { highWaterMark: 64 * 1024 };

/** One sandbox's connections. */
export class Upstream {
  readonly address: Address;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];

  constructor(address: Address) {
    this.address = address;
  }

  /** For one request; the most recently used first. With `fresh`, a connection of its own. */
  acquire(fresh = false): Connection {
    for (
      let connection = fresh ? undefined : this.#idle.pop();
      connection !== undefined;
      connection = this.#idle.pop()
    ) {
      if (connection.open) return connection;
      connection.destroy();
    }
    const connection = new Connection(this.address, () => this.#drop(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** After a request that came to its proper end. */
  release(connection: Connection): void {
    connection.reset();
    if (this.#connections.has(connection)) this.#idle.push(connection);
  }

  /** Every request under way fails. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy();
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }
}

/** One connection, and the client that speaks HTTP over it. */
export class Connection {
  readonly client: Client;
  readonly #onClosed: () => void;
  #socket: GatedSocket | undefined;

  constructor(address: Address, onClosed: () => void) {
    this.#onClosed = onClosed;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.client = new Client(`http://${host}:${address.port}`, {
      connect: (_options, callback) => {
        this.#socket = connect(address, callback);
      },
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // undici would reconnect by itself, but `Upstream` finds a better connection for the next request.
    this.client.on('disconnect', () => this.destroy());
  }

  get open(): boolean {
    return this.#socket?.destroyed === false;
  }

  /** Reads no more from the sandbox; what has been read but not parsed waits. */
  pause(): void {
    this.#socket?.shut();
  }

  resume(): void {
    this.#socket?.open();
  }

  /** For the next request; must not read on, since it is called from within the parser. */
  reset(): void {
    this.#socket?.reset();
  }

  /** A socket that was upgraded is the upgrader's: it stays. */
  destroy(): void {
    this.#onClosed();
    if (this.client.destroyed) return;
    const socket = this.#socket;
    if (socket?.connecting === true) socket.destroy();
    void this.client.destroy();
  }
}

type Connected = (...result: [null, Socket] | [Error, null]) => void;

function connect({ host, port }: Address, callback: Connected): GatedSocket {
  const socket = new GatedSocket();
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

/** A socket whose reader can be made to find nothing: its buffer fills, then the sandbox's, then the sandbox waits. */
class GatedSocket extends Socket {
  #shut = false;
  #connected = false;

  constructor() {
    super(BUFFERING);
    this.once('connect', () => {
      this.#connected = true;
    });
  }

  shut(): void {
    this.#shut = true;
  }

  reset(): void {
    this.#shut = false;
  }

  open(): void {
    if (!this.#shut) return;
    this.#shut = false;
    this.emit('readable');
  }

  override read(size?: number): ReturnType<Socket['read']> {
    return this.#shut && size !== 0 ? null : super.read(size);
  }

  /** undici takes a reset for the proper end of a response that has no length; it is not. */
  override destroy(error?: Error): this {
    const reset = this.#connected && errorCode(error) === 'ECONNRESET';
    return super.destroy(reset ? new errors.SocketError('the sandbox reset the connection') : error);
  }
}
