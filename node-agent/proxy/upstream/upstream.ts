// Kept-alive connections to one sandbox. A pool of our own over undici's clients, because back-pressure must be
// put on the socket: undici 7 asserts, and so ends the process, when a connection closes while its parser is
// paused (nodejs/undici#5360), and any sandbox could bring that about.
import { Socket, type SocketConstructorOpts } from 'node:net';
import { Client, type Dispatcher, errors } from 'undici';
import { errorCode } from '../../../shared/errors.ts';
import type { Address } from '../../engine/engine.ts';
import { PollDetector } from '../use-marker.ts';
import { connectTo, MAX_HEADER_BYTES } from './connect.ts';
import { ContinueFilter, isFinal } from './continue-filter.ts';
import { ExpectingConnection } from './expecting-connection.ts';

/** Shorter than what servers keep, so that few requests meet a connection that is just being closed. */
const KEEP_ALIVE_MS = 15_000;
/** Servers that close idle connections at all keep them for 2 s or more, with few exceptions. */
const MAX_RECENT_MS = 1_000;
/** Closed within this time of a response, a connection was closed because of it, ms. */
const AT_ONCE_MS = 250;
/** A socket is also a stream, and takes a stream's options; its types do not say so. */
const BUFFERING: SocketConstructorOpts & { readonly highWaterMark: number } = { highWaterMark: 64 * 1024 };

/** `any` is for requests that may be repeated; `recent` is unlikely to be closed by the sandbox as we write; `fresh` is new. */
export type Freshness = 'any' | 'recent' | 'fresh';

/** What one request needs of its connection. */
export type RequestConnection = Connection | ExpectingConnection;

/** The connections to one sandbox. */
export class Upstream {
  readonly address: Address;
  /** Whether a request has been written to this sandbox. */
  hasBegun = false;
  readonly polls = new PollDetector();
  readonly #now: () => number;
  readonly #keepAliveMs: number;
  readonly #connections = new Set<RequestConnection>();
  /** The most recently used last. */
  readonly #idle: Connection[] = [];
  /** How long a connection may have been idle to count as recent, ms. */
  #recentMs = MAX_RECENT_MS;

  /**
   * @param now a monotonic clock, ms
   * @param keepAliveMs longest time that an idle connection is kept
   */
  constructor(address: Address, now: () => number, keepAliveMs = KEEP_ALIVE_MS) {
    this.address = address;
    this.#now = now;
    this.#keepAliveMs = keepAliveMs;
  }

  /** For one request; the most recently used connection first. */
  acquire(freshness: Freshness): Connection {
    if (freshness !== 'fresh') {
      for (let idle = this.#idle.at(-1); idle !== undefined; idle = this.#idle.at(-1)) {
        if (freshness === 'recent' && this.#now() - idle.idleSince >= this.#recentMs) break;
        this.#idle.pop();
        if (idle.open) return idle;
        idle.destroy();
      }
    }
    const connection = new Connection(this.address, this.#keepAliveMs, () => this.#drop(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** For a request whose reader waits for `100 Continue`: a connection of its own, not used again. */
  acquireExpecting(): ExpectingConnection {
    const connection = new ExpectingConnection(this.address, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** After a request that came to its proper end. */
  release(connection: RequestConnection): void {
    if (connection instanceof ExpectingConnection) {
      connection.destroy();
      return;
    }
    connection.reset(this.#now());
    if (this.#connections.has(connection)) this.#idle.push(connection);
  }

  /** Every request under way fails. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy();
  }

  #drop(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    // A server that closes connections sooner than others do will do so again; perhaps after each response.
    if (!connection.wasClosedUnanswered) return;
    const idleMs = this.#now() - connection.idleSince;
    this.#recentMs = idleMs < AT_ONCE_MS ? 0 : Math.min(this.#recentMs, idleMs / 2);
  }
}

/** One connection, and the client that speaks HTTP over it. */
export class Connection {
  readonly #client: Client;
  readonly #onClosed: () => void;
  #socket: GatedSocket | undefined;
  /** When its last response ended; `Infinity` before that. */
  #idleSince = Number.POSITIVE_INFINITY;
  #readBefore = 0;
  #wroteBefore = 0;

  constructor(address: Address, keepAliveMs: number, onClosed: () => void) {
    this.#onClosed = onClosed;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#client = new Client(`http://${host}:${address.port}`, {
      connect: (_options, callback) => {
        this.#socket = connectTo(address, new GatedSocket(), callback);
      },
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // undici would reconnect by itself, but `Upstream` finds a better connection for the next request.
    this.#client.on('disconnect', () => this.destroy());
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  get open(): boolean {
    return this.#socket?.destroyed === false;
  }

  get idleSince(): number {
    return this.#idleSince;
  }

  /** Whether any byte of the present request was written. */
  get hasWritten(): boolean {
    return (this.#socket?.bytesWritten ?? 0) > this.#wroteBefore;
  }

  /** Whether the sandbox closed this connection after an earlier response, without a byte in response to the present request. */
  get wasClosedUnanswered(): boolean {
    const { closedByPeer = false, bytesRead = 0 } = this.#socket ?? {};
    return closedByPeer && this.#idleSince !== Number.POSITIVE_INFINITY && bytesRead === this.#readBefore;
  }

  /** Reads no more from the sandbox; what has been read but not parsed waits. */
  pause(): void {
    this.#socket?.shut();
  }

  resume(): void {
    this.#socket?.open();
  }

  /** For the next request; must not read on, since it is called from within the parser. */
  reset(now: number): void {
    this.#socket?.reset();
    this.#idleSince = now;
    this.#readBefore = this.#socket?.bytesRead ?? 0;
    this.#wroteBefore = this.#socket?.bytesWritten ?? 0;
  }

  /** A socket that was upgraded is the upgrader's: it stays. */
  destroy(): void {
    this.#onClosed();
    if (this.#client.destroyed) return;
    const socket = this.#socket;
    if (socket?.connecting === true) socket.destroy();
    void this.#client.destroy();
  }
}

/** A socket whose reader can be made to find nothing: its buffer fills, then the sandbox's, then the sandbox waits. */
class GatedSocket extends Socket {
  #shut = false;
  #awaitsHead = true;
  /** While interim responses come. */
  #filter: ContinueFilter | undefined;
  #connected = false;
  #closedByPeer = false;

  constructor() {
    super(BUFFERING);
    this.once('connect', () => {
      this.#connected = true;
    });
    this.once('end', () => {
      this.#closedByPeer = true;
    });
  }

  get closedByPeer(): boolean {
    return this.#closedByPeer;
  }

  shut(): void {
    this.#shut = true;
  }

  reset(): void {
    this.#shut = false;
    this.#awaitsHead = true;
  }

  open(): void {
    if (!this.#shut) return;
    this.#shut = false;
    this.emit('readable');
  }

  override read(size?: number): ReturnType<Socket['read']> {
    if (this.#shut && size !== 0) return null;
    const chunk: ReturnType<Socket['read']> = super.read(size);
    return this.#awaitsHead && Buffer.isBuffer(chunk) ? this.#readHead(chunk) : chunk;
  }

  #readHead(chunk: Buffer): Buffer | null {
    if (this.#filter === undefined && isFinal(chunk)) {
      this.#awaitsHead = false;
      return chunk;
    }
    this.#filter ??= new ContinueFilter();
    const rest = this.#filter.pass(chunk);
    if (this.#filter.isDone) {
      this.#filter = undefined;
      this.#awaitsHead = false;
    }
    return rest;
  }

  /** undici takes a reset for the proper end of a response that has no length; it is not. */
  override destroy(error?: Error): this {
    const code = errorCode(error);
    const reset = this.#connected && code === 'ECONNRESET';
    if (reset || code === 'EPIPE') this.#closedByPeer = true;
    return super.destroy(reset ? new errors.SocketError('the sandbox reset the connection') : error);
  }
}
