// A request's body on its way to the sandbox. Not the request itself: undici destroys what it is given when the
// sandbox answers early or fails, and with the request goes the connection on which the reader awaits the response.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** How long a reader may go on sending a body that is no longer needed, ms. */
const LINGER_MS = 30_000;

export class RequestBody extends Readable {
  readonly #request: IncomingMessage;
  readonly #count: (bytes: number) => void;
  #isMoved = false;

  /**
   * @param count is called with the size of every chunk, bytes
   * @param unread chunks that were taken from the request before, and counted
   */
  constructor(request: IncomingMessage, count: (bytes: number) => void, unread: readonly Buffer[] = []) {
    super();
    this.#request = request;
    this.#count = count;
    for (const chunk of unread) this.push(chunk);
    if (request.readableEnded) {
      this.push(null);
      return;
    }
    request.on('data', this.#onData);
    request.once('end', this.#onEnd);
    request.once('error', this.#onError);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.destroyed) return;
    this.#count(chunk.length);
    if (!this.push(chunk)) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.push(null);
  };

  readonly #onError = (error: Error): void => {
    this.destroy(error);
  };

  /** The same body for another connection; undefined when a part of it has been read here. */
  move(): RequestBody | undefined {
    if (this.readableDidRead || this.destroyed) return undefined;
    this.#isMoved = true;
    this.#request.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    this.removeAllListeners();
    this.on('error', () => undefined);
    const unread: Buffer[] = [];
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) unread.push(chunk);
    return new RequestBody(this.#request, this.#count, unread);
  }

  override _read(): void {
    this.#request.resume();
  }

  /** The rest is read and thrown away: a reader who is still sending would not see the answer otherwise. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const request = this.#request;
    if (this.#isMoved) {
      callback(null);
      return;
    }
    if (!request.complete && !request.destroyed) {
      const timer = setTimeout(() => request.destroy(), LINGER_MS);
      timer.unref();
      request.once('close', () => clearTimeout(timer));
      request.resume();
    }
    callback(error);
  }
}

/** `malformed` when two servers could disagree about where the body ends. */
export function framing(request: IncomingMessage): 'none' | 'body' | 'malformed' {
  const encoding = request.headers['transfer-encoding'];
  const length = request.headers['content-length'];
  if (encoding === undefined) return length === undefined || /^0+$/.test(length) ? 'none' : 'body';
  const plain = encoding.trim().toLowerCase() === 'chunked' && request.httpVersion === '1.1';
  return plain && length === undefined ? 'body' : 'malformed';
}
