// One connection to a sandbox: writes a request at a time, reads its response, and knows whether it can be used again.
import type { Socket } from 'node:net';
import { errorCode } from '../../../shared/errors.ts';
import type { Address } from '../../engine/engine.ts';
import type { BodySink } from '../request-body.ts';
import { connectTo } from './connect.ts';
import { UpstreamError } from './errors.ts';
import type { ResponseHead } from './head.ts';
import { ReadBlock, type Retained, SHARED } from './read-blocks.ts';
import { type RequestHead, type UpstreamRequest, writeHead } from './request.ts';
import { ResponseReader, type ResponseSink } from './response-reader.ts';

/** A body of which more is to come is read into blocks, which are not copied, bytes. */
const WORTH_A_BLOCK = 16 * 1024;

/** What becomes of one request. After `onEnd`, `onUpgrade` or `onError` nothing is called any more. */
export interface ResponseHandler extends Pick<ResponseSink, 'onHead' | 'onData' | 'onEnd'> {
  /** The request is about to be written. */
  readonly onStart: () => void;
  /** All that came in one read has been given. */
  readonly onReadEnd: () => void;
  /** The sandbox changed protocols: the connection is the handler's from now on. */
  readonly onUpgrade: (head: ResponseHead, tunnel: SandboxTunnel) => void;
  readonly onError: (error: Error) => void;
}

/** The sandbox's side of another protocol than HTTP. */
export interface SandboxTunnel {
  /** It is no stream of what comes from the sandbox. */
  readonly socket: Socket;
  /** What came behind the head, valid until `onUpgrade` returns. */
  readonly rest: Buffer;
  /** @param read gets what comes, valid until it returns; false makes the sandbox wait until `socket.resume()` */
  readonly onData: (read: (bytes: Buffer) => boolean) => void;
}

export class Connection implements BodySink, ResponseSink {
  readonly #address: Address;
  readonly #onClosed: () => void;
  readonly #socket: Socket;
  readonly #reader = new ResponseReader(this);
  #request: UpstreamRequest | undefined;
  #handler: ResponseHandler | undefined;
  #head: RequestHead | undefined;
  #isConnected = false;
  #isPaused = false;
  #isClosedByPeer = false;
  /** Of the present request: what has been written. */
  #written: 'nothing' | 'a part' | 'all' = 'nothing';
  /** Whether any byte came in response to it. */
  #isAnswered = false;
  /** When the last response ended; `Infinity` before that. */
  #idleSince = Number.POSITIVE_INFINITY;
  #usableUntil = 0;
  #block: ReadBlock | undefined;
  #tunnel: ((bytes: Buffer) => boolean) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;

  /** @param keepAliveMs longest time that the connection is kept while it is idle */
  constructor(address: Address, keepAliveMs: number, onClosed: () => void) {
    this.#address = address;
    this.#onClosed = onClosed;
    this.#socket = connectTo(address, {
      buffer: () => this.#nextBuffer(),
      callback: (count) => this.#onRead(count),
    });
    this.#socket.setTimeout(keepAliveMs, () => {
      if (this.#handler === undefined && this.#tunnel === undefined) this.destroy();
    });
    this.#socket.once('connect', () => this.#onConnected());
    this.#socket.once('end', () => this.#onClosing());
    this.#socket.on('error', (error) => this.#onBroken(error));
    this.#socket.once('close', () => this.#onClose());
    this.#socket.on('drain', () => this.#request?.body?.resume());
  }

  get isOpen(): boolean {
    return this.#isConnected && !this.#socket.destroyed && !this.#isClosedByPeer;
  }

  get idleSince(): number {
    return this.#idleSince;
  }

  /** Until when it may be given another request, by the clock that `markIdle` was told. */
  get usableUntil(): number {
    return this.#usableUntil;
  }

  /** Whether any byte of the present request was written. */
  get hasWritten(): boolean {
    return this.#written !== 'nothing';
  }

  /** Whether the sandbox closed this connection after an earlier response, without a byte in response to the present request. */
  get wasClosedUnanswered(): boolean {
    return this.#isClosedByPeer && this.#idleSince !== Number.POSITIVE_INFINITY && !this.#isAnswered;
  }

  /** For how long another request may be sent after this one, ms; 0: not at all. */
  get reusableMs(): number {
    return this.#written === 'all' && this.isOpen ? this.#reader.reusableSeconds * 1_000 : 0;
  }

  /**
   * @param mayBeStale false where the request must not meet a connection that the sandbox has just closed
   * @throws UpstreamError `REQUEST_MALFORMED`
   */
  send(request: UpstreamRequest, handler: ResponseHandler, mayBeStale: boolean): void {
    this.#head = writeHead(request, `${this.#address.host}:${this.#address.port}`);
    this.#request = request;
    this.#handler = handler;
    this.#written = 'nothing';
    this.#isAnswered = false;
    if (this.#isConnected && mayBeStale) this.#begin();
    // What the system already knows of the sandbox's closing comes before that.
    else if (this.#isConnected) {
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
    return this.#block?.retain(bytes) ?? ReadBlock.copyOf(bytes);
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
    this.#handler = undefined;
    this.#request = undefined;
    this.#reader.stop();
    this.destroy();
  }

  #onConnected(): void {
    this.#isConnected = true;
    if (this.#request !== undefined) this.#begin();
  }

  #begin(): void {
    if (!this.isOpen || this.#request === undefined) return;
    const { body, isExpecting } = this.#request;
    if (body === undefined || isExpecting) {
      const head = this.#beginHead();
      this.#written = body === undefined ? 'all' : 'a part';
      this.#socket.write(head, 'latin1');
    }
    // Otherwise the head goes out with the first part of the body.
    body?.sendTo(this);
  }

  #beginHead(): string {
    const { method = '', upgrade, headersTimeout = 0 } = this.#request ?? {};
    this.#written = 'a part';
    this.#reader.begin(method, upgrade !== undefined);
    this.#limitHead(headersTimeout);
    this.#handler?.onStart();
    return this.#head?.text ?? '';
  }

  writeBody(chunk: Buffer): boolean {
    const isFirst = this.#written === 'nothing';
    const isChunked = this.#head?.framing === 'chunks';
    this.#socket.cork();
    if (isFirst) this.#socket.write(this.#beginHead(), 'latin1');
    else this.#timer?.refresh();
    if (isChunked) this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    let takesMore = this.#socket.write(chunk);
    if (isChunked) takesMore = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return takesMore;
  }

  endBody(): void {
    const isFirst = this.#written === 'nothing';
    const head = isFirst ? this.#beginHead() : '';
    const end = this.#head?.framing === 'chunks' ? '0\r\n\r\n' : '';
    this.#written = 'all';
    if (head !== '' || end !== '') this.#socket.write(head + end, 'latin1');
  }

  onHead(head: ResponseHead): void {
    this.#handler?.onHead(head);
    if (this.#reader.awaitsHead) this.#timer?.refresh();
  }

  onData(bytes: Buffer): void {
    this.#handler?.onData(bytes);
  }

  onEnd(): void {
    this.#takeHandler()?.onEnd();
  }

  onUpgrade(head: ResponseHead, rest: Buffer): void {
    const handler = this.#takeHandler();
    clearTimeout(this.#timer);
    this.#tunnel = () => true;
    this.#onClosed();
    this.#socket.setTimeout(0);
    const onData = (read: (bytes: Buffer) => boolean): void => {
      this.#tunnel = read;
    };
    handler?.onUpgrade(head, { socket: this.#socket, rest, onData });
  }

  /** @param count bytes that have been read into what `#nextBuffer` gave last */
  #onRead(count: number): boolean {
    const bytes = (this.#block?.bytes ?? SHARED).subarray(0, count);
    if (this.#tunnel !== undefined) return this.#tunnel(bytes);
    const handler = this.#handler;
    if (handler === undefined || this.#written === 'nothing') {
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

  /** Where the next bytes are read to. */
  #nextBuffer(): Buffer {
    if (!this.#reader.expects(WORTH_A_BLOCK)) {
      this.#block?.release();
      this.#block = undefined;
      return SHARED;
    }
    if (this.#block?.isShared !== false) {
      this.#block?.release();
      this.#block = ReadBlock.take();
    }
    return this.#block.bytes;
  }

  /** @param ms from now, for the head of the response */
  #limitHead(ms: number): void {
    if (ms === this.#timerMs) {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerMs = ms;
    if (ms === 0) return;
    this.#timer = setTimeout(() => {
      if (!this.#reader.awaitsHead) return;
      this.#fail(new UpstreamError('UPSTREAM_TIMEOUT', 'the sandbox does not answer'));
    }, ms);
    this.#timer.unref();
  }

  #onClosing(): void {
    this.#isClosedByPeer = true;
    if (this.#tunnel !== undefined) return;
    if (this.#handler === undefined) this.destroy();
    else if (this.#written === 'nothing' || !this.#reader.end()) this.#failAsClosed();
  }

  #onBroken(error: Error): void {
    const code = errorCode(error);
    if (this.#isConnected && (code === 'ECONNRESET' || code === 'EPIPE')) this.#isClosedByPeer = true;
    if (this.#tunnel === undefined) this.#fail(error);
  }

  #onClose(): void {
    clearTimeout(this.#timer);
    this.#onClosed();
    this.#fail(new UpstreamError('UPSTREAM_DESTROYED', 'the connection to the sandbox was closed'));
  }

  #failAsClosed(): void {
    this.#fail(new UpstreamError('UPSTREAM_CLOSED', 'the sandbox closed the connection'));
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
