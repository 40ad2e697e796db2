// One connection to a sandbox: carries a request at a time, reads its response, and knows whether it can be used again.
import type { Socket } from 'node:net';
import { errorCode } from '../../../shared/errors.ts';
import type { Address } from '../../engine/engine.ts';
import { connectTo } from './connect.ts';
import { UpstreamError } from './errors.ts';
import type { ResponseHandler } from './handler.ts';
import type { ResponseHead } from './head.ts';
import { HeadTimer } from './head-timer.ts';
import { ReadMemory, type Retained } from './read-blocks.ts';
import { type UpstreamRequest, writeHead } from './request.ts';
import { RequestWriter } from './request-writer.ts';
import { ResponseReader, type ResponseSink } from './response-reader.ts';

/** A body of which more is to come is read into blocks, which are not copied, bytes. */
const WORTH_A_BLOCK = 16 * 1024;

export class Connection implements ResponseSink {
  readonly #address: Address;
  readonly #onClosed: () => void;
  readonly #socket: Socket;
  readonly #memory = new ReadMemory();
  readonly #reader = new ResponseReader(this);
  readonly #writer: RequestWriter;
  readonly #headTimer = new HeadTimer(() => this.#onHeadTimeout());
  #request: UpstreamRequest | undefined;
  #handler: ResponseHandler | undefined;
  #isConnected = false;
  #isPaused = false;
  #isClosedByPeer = false;
  /** Whether any byte came in response to the present request. */
  #isAnswered = false;
  #idleSince = Number.POSITIVE_INFINITY;
  #usableUntil = 0;
  #tunnel: ((bytes: Buffer) => boolean) | undefined;

  /** @param keepAliveMs longest time that the connection is kept while it is idle */
  constructor(address: Address, keepAliveMs: number, onClosed: () => void) {
    this.#address = address;
    this.#onClosed = onClosed;
    this.#socket = connectTo(address, {
      buffer: () => this.#memory.next(this.#reader.expects(WORTH_A_BLOCK)),
      callback: (count) => this.#onRead(this.#memory.read(count)),
    });
    this.#writer = new RequestWriter(this.#socket, (isFirst) => this.#onWrite(isFirst));
    this.#socket.setTimeout(keepAliveMs, () => {
      if (this.#handler === undefined && this.#tunnel === undefined) this.destroy();
    });
    this.#socket.once('connect', () => this.#onConnected());
    this.#socket.once('end', () => this.#onPeerEnd());
    this.#socket.on('error', (error) => this.#onSocketError(error));
    this.#socket.once('close', () => this.#onSocketClose());
    this.#socket.on('drain', () => this.#request?.body?.resume());
  }

  get isOpen(): boolean {
    return this.#isConnected && !this.#socket.destroyed && !this.#isClosedByPeer;
  }

  /** When its last response ended; `Infinity` before that. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** Until when it may be given another request, by the clock that `markIdle` was told. */
  get usableUntil(): number {
    return this.#usableUntil;
  }

  /** Whether any byte of the present request was written. */
  get hasWritten(): boolean {
    return this.#writer.hasBegun;
  }

  /** Whether the sandbox closed this connection after an earlier response, without a byte in response to the present request. */
  get wasClosedUnanswered(): boolean {
    return this.#isClosedByPeer && this.#idleSince !== Number.POSITIVE_INFINITY && !this.#isAnswered;
  }

  /** For how long another request may be sent after this one, ms; 0: not at all. */
  get reusableMs(): number {
    return this.#writer.hasEnded && this.isOpen ? this.#reader.reusableSeconds * 1_000 : 0;
  }

  /**
   * @param mayBeStale false where the request must not meet a connection that the sandbox has just closed
   * @throws UpstreamError `REQUEST_MALFORMED`
   */
  send(request: UpstreamRequest, handler: ResponseHandler, mayBeStale: boolean): void {
    this.#writer.prepare(writeHead(request, `${this.#address.host}:${this.#address.port}`));
    this.#request = request;
    this.#handler = handler;
    this.#isAnswered = false;
    if (this.#isConnected && mayBeStale) this.#begin();
    else if (this.#isConnected) {
      // What the system already knows of the sandbox's closing comes before that.
      setImmediate(() => {
        if (this.#request === request) this.#begin();
      });
    }
  }

  /** Reads no more from the sandbox until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Keeps bytes that `onData` was called with, until they are released. */
  retain(bytes: Buffer): Retained {
    return this.#memory.retain(bytes);
  }

  /** After a response that came to its proper end. */
  markIdle(now: number, usableUntil: number): void {
    this.#idleSince = now;
    this.#usableUntil = usableUntil;
    this.#isPaused = false;
    this.#isAnswered = false;
  }

  /** What is under way fails. */
  destroy(): void {
    if (this.#tunnel !== undefined) return;
    this.#onClosed();
    this.#socket.destroy();
  }

  /** The same, without a word to the handler. */
  abandon(): void {
    this.#takeHandler();
    this.#reader.stop();
    this.destroy();
  }

  onHead(head: ResponseHead): void {
    this.#handler?.onHead(head);
    if (this.#reader.awaitsHead) this.#headTimer.refresh();
  }

  onData(bytes: Buffer): void {
    this.#handler?.onData(bytes);
  }

  onEnd(): void {
    this.#takeHandler()?.onEnd();
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    const handler = this.#takeHandler();
    this.#headTimer.stop();
    this.#socket.setTimeout(0);
    this.#tunnel = () => true;
    this.#onClosed();
    const onData = (read: (bytes: Buffer) => boolean): void => {
      this.#tunnel = read;
    };
    handler?.onUpgrade(head, { socket: this.#socket, rest, onData });
  }

  #onConnected(): void {
    this.#isConnected = true;
    if (this.#request !== undefined) this.#begin();
  }

  #begin(): void {
    if (!this.isOpen || this.#request === undefined) return;
    const { body, isExpecting } = this.#request;
    // Otherwise the head goes out with the first part of the body.
    if (body === undefined || isExpecting) this.#writer.writeHead(body !== undefined);
    body?.sendTo(this.#writer);
  }

  #onWrite(isFirst: boolean): void {
    if (!isFirst || this.#request === undefined) {
      this.#headTimer.refresh();
      return;
    }
    const { method, upgrade, headersTimeout } = this.#request;
    this.#reader.begin(method, upgrade !== undefined);
    this.#headTimer.start(headersTimeout);
    this.#handler?.onStart();
  }

  /** @returns whether more may be read */
  #onRead(bytes: Buffer): boolean {
    if (this.#tunnel !== undefined) return this.#tunnel(bytes);
    const handler = this.#handler;
    if (handler === undefined || !this.#writer.hasBegun) {
      // Nothing was asked for.
      this.destroy();
      return true;
    }
    this.#isAnswered = true;
    try {
      this.#reader.read(bytes);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
    if (this.#handler === handler) handler.onReadEnd();
    return !this.#isPaused;
  }

  #onHeadTimeout(): void {
    if (this.#reader.awaitsHead)
      this.#fail(new UpstreamError('UPSTREAM_TIMEOUT', 'the sandbox does not answer'));
  }

  #onPeerEnd(): void {
    this.#isClosedByPeer = true;
    if (this.#tunnel !== undefined) return;
    if (this.#handler === undefined) this.destroy();
    else if (!this.#writer.hasBegun || !this.#reader.end())
      this.#fail(new UpstreamError('UPSTREAM_CLOSED', 'the sandbox closed the connection'));
  }

  #onSocketError(error: Error): void {
    const code = errorCode(error);
    if (this.#isConnected && (code === 'ECONNRESET' || code === 'EPIPE')) this.#isClosedByPeer = true;
    if (this.#tunnel === undefined) this.#fail(error);
  }

  #onSocketClose(): void {
    this.#headTimer.stop();
    this.#onClosed();
    this.#fail(new UpstreamError('UPSTREAM_DESTROYED', 'the connection to the sandbox was closed'));
  }

  #fail(error: Error): void {
    const handler = this.#takeHandler();
    this.#reader.stop();
    this.destroy();
    handler?.onError(error);
  }

  /** For its last call. */
  #takeHandler(): ResponseHandler | undefined {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#request = undefined;
    return handler;
  }
}
