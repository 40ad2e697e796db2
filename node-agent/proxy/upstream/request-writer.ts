// Writes one request at a time to a connection's socket: its head in one piece with the first part of its body.
import type { Socket } from 'node:net';
import type { RequestHead } from './request.ts';
import type { BodySink } from './request-body.ts';

export class RequestWriter implements BodySink {
  readonly #socket: Socket;
  readonly #onWrite: (isFirst: boolean) => void;
  #head: RequestHead = { text: '', framing: 'length' };
  #written: 'nothing' | 'a part' | 'all' = 'nothing';

  /** @param onWrite is called before anything is written */
  constructor(socket: Socket, onWrite: (isFirst: boolean) => void) {
    this.#socket = socket;
    this.#onWrite = onWrite;
  }

  /** Whether any byte of the present request was written. */
  get hasBegun(): boolean {
    return this.#written !== 'nothing';
  }

  get hasEnded(): boolean {
    return this.#written === 'all';
  }

  /** The next request, of which nothing is written yet. */
  prepare(head: RequestHead): void {
    this.#head = head;
    this.#written = 'nothing';
  }

  /** The head by itself. */
  writeHead(hasBody: boolean): void {
    const head = this.#begin();
    this.#written = hasBody ? 'a part' : 'all';
    this.#socket.write(head, 'latin1');
  }

  writeBody(chunk: Buffer): boolean {
    const head = this.#begin();
    const isChunked = this.#head.framing === 'chunks';
    const before = isChunked ? `${head}${chunk.length.toString(16)}\r\n` : head;
    this.#socket.cork();
    if (before !== '') this.#socket.write(before, 'latin1');
    let takesMore = this.#socket.write(chunk);
    if (isChunked) takesMore = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return takesMore;
  }

  endBody(): void {
    const last = this.#begin() + (this.#head.framing === 'chunks' ? '0\r\n\r\n' : '');
    this.#written = 'all';
    if (last !== '') this.#socket.write(last, 'latin1');
  }

  /** The head, if it is not written yet. */
  #begin(): string {
    const isFirst = this.#written === 'nothing';
    this.#written = 'a part';
    this.#onWrite(isFirst);
    return isFirst ? this.#head.text : '';
  }
}
