// A request's body on its way to the sandbox, at the sandbox's pace. Nothing is read of it before a connection can take it, so that
// it can go to another one as long as nothing of it was passed on.
import type { IncomingMessage } from 'node:http';

/** How long a reader may go on sending a body that is no longer needed, ms. */
const LINGER_MS = 30_000;

/** Where a body goes. */
export interface BodySink {
  /** False when it should wait for `resume`. */
  writeBody(chunk: Buffer): boolean;
  endBody(): void;
}

export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #count: (bytes: number) => void;
  #sink: BodySink | undefined;
  #isListening = false;
  #hasEnded = false;

  /** @param count is called with the size of every chunk, bytes */
  constructor(request: IncomingMessage, count: (bytes: number) => void) {
    this.#request = request;
    this.#count = count;
  }

  /** From its beginning, or from where it is: who moves it knows that nothing was passed on. */
  sendTo(sink: BodySink): void {
    this.#sink = sink;
    if (this.#hasEnded) {
      sink.endBody();
      return;
    }
    if (!this.#isListening) this.#request.on('data', this.#onData).once('end', this.#onEnd);
    this.#isListening = true;
    this.#request.resume();
  }

  /** The connection is lost, and another one is to get the body. */
  detach(): void {
    this.#sink = undefined;
    this.#request.pause();
  }

  resume(): void {
    if (this.#sink !== undefined) this.#request.resume();
  }

  /** The rest is read and thrown away: a reader who is still sending would not see the answer otherwise. */
  discard(): void {
    const request = this.#request;
    this.#sink = undefined;
    request.off('data', this.#onData).off('end', this.#onEnd);
    if (request.complete || request.destroyed) {
      request.resume();
      return;
    }
    const timer = setTimeout(() => request.destroy(), LINGER_MS);
    timer.unref();
    request.once('close', () => clearTimeout(timer));
    request.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#count(chunk.length);
    if (this.#sink?.writeBody(chunk) === false) this.#request.pause();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#sink?.endBody();
  };
}

/** `malformed` when two servers could disagree about where the body ends. */
export function framing(request: IncomingMessage): 'none' | 'body' | 'malformed' {
  const encoding = request.headers['transfer-encoding'];
  const length = request.headers['content-length'];
  if (encoding === undefined) return length === undefined || /^0+$/.test(length) ? 'none' : 'body';
  const plain = encoding.trim().toLowerCase() === 'chunked' && request.httpVersion === '1.1';
  return plain && length === undefined ? 'body' : 'malformed';
}
