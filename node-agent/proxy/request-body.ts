// A request's body on its way to the sandbox. Not the request itself: undici destroys what it is given when the
// sandbox answers early or fails, and with the request would go the connection the reader awaits the answer on.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** How long a reader may go on sending what nobody wants any more, ms. */
const LINGER_MS = 30_000;

export class RequestBody extends Readable {
  readonly #request: IncomingMessage;

  /** @param count is told of every chunk's bytes */
  constructor(request: IncomingMessage, count: (bytes: number) => void) {
    super();
    this.#request = request;
    request.on('data', (chunk: Buffer) => {
      if (this.destroyed) return;
      count(chunk.length);
      if (!this.push(chunk)) request.pause();
    });
    request.once('end', () => this.push(null));
    request.once('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#request.resume();
  }

  /** The rest is read and thrown away: a reader who is still sending would not see the answer otherwise. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const request = this.#request;
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
