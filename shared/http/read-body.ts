// Reads a body up to a limit, so that no other program can fill our memory. A client that waits to be asked for the body of
// its request (`Expect: 100-continue`, RFC 9110 §10.1.1) is asked where the body is read, and not where it is refused.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, FleetError } from '../errors.ts';

export interface BodyLimit {
  readonly bytes: number;
  /** Name of the body, for the error: `its answer`. */
  readonly what: string;
  /** Default `bad-report`: a body from another program. */
  readonly code?: ErrorCode;
}

/** Collects chunks, up to the limit. */
export class BodyCollector {
  readonly #limit: BodyLimit;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(limit: BodyLimit) {
    this.#limit = limit;
  }

  /** @throws FleetError with the limit's code when there are more bytes than it allows */
  add(chunk: Buffer | string): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const { bytes: most, what, code = 'bad-report' } = this.#limit;
    this.#size += bytes.length;
    if (this.#size > most) throw new FleetError(code, `${what} is longer than ${most} bytes`);
    this.#chunks.push(bytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** The whole body; a stream that is too long is destroyed. @throws FleetError with the limit's code, or the stream's error */
export async function readBytes(stream: AsyncIterable<Buffer | string>, limit: BodyLimit): Promise<Buffer> {
  const body = new BodyCollector(limit);
  for await (const chunk of stream) body.add(chunk);
  return body.bytes();
}

/** As `readBytes`, decoded as UTF-8. */
export async function readText(stream: AsyncIterable<Buffer | string>, limit: BodyLimit): Promise<string> {
  return (await readBytes(stream, limit)).toString('utf8');
}

/** Any other expectation was refused before. In HTTP/1.0 it has no meaning. */
export function isExpecting({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion !== '1.0';
}

/** To be called before a body is read. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (isExpecting(request)) response.writeContinue();
}

/**
 * Of any other expectation. Node would keep the connection: a proxy in front that takes this for the end of a request, and sends no
 * body, would lose the next request in it.
 */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(417, { connection: 'close', 'content-length': '0', 'cache-control': 'no-store' }).end();
}
