// Writes a sandbox's response to its reader, at the reader's pace: in few writes, because half of what a small response costs are
// calls of the system. Small pieces that came in one read go out together, and with the head if it is still here.
import type { ServerResponse } from 'node:http';
import { writeHead } from './answer/response-head.ts';
import type { Connection } from './upstream/connection.ts';

/** Pieces up to this size go out as text, which Node joins with the head to one piece, bytes. */
const MAX_TEXT = 16 * 1024;

/** Where a response comes from. */
export type ReplySource = Pick<Connection, 'pause' | 'resume' | 'retain'>;

export class Reply {
  readonly #response: ServerResponse;
  #isHeadWaiting = false;
  /** Small pieces that have not gone out: one latin1 character a byte. */
  #text = '';
  #isPaused = false;
  #hasEnded = false;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** @param flat names and values in turn */
  begin(status: number, reason: string, flat: string[]): void {
    writeHead(this.#response, status, reason, flat);
    this.#isHeadWaiting = true;
  }

  /** @param bytes as from `ResponseHandler.onData` of that connection */
  write(bytes: Buffer, connection: ReplySource): void {
    if (bytes.length <= MAX_TEXT) {
      this.#text += bytes.toString('latin1');
      return;
    }
    this.#writeText(connection);
    const retained = connection.retain(bytes);
    const isBehind = this.#response.writableLength > 0;
    const takesMore = this.#response.write(retained.bytes, retained.release);
    this.#isHeadWaiting = false;
    if (!takesMore && isBehind) this.#wait(connection);
  }

  /** Sends what is here: nothing more came. */
  flush(connection: ReplySource): void {
    this.#writeText(connection);
    // A head that comes alone must not wait for its body.
    if (this.#isHeadWaiting) this.#response.flushHeaders();
    this.#isHeadWaiting = false;
  }

  /** Before the response is broken off: what came of it is sent, without waiting for the end of this turn of the event loop. */
  flushNow(): void {
    const { socket } = this.#response;
    if (this.#text !== '') this.#response.write(this.#text, 'latin1');
    else if (this.#isHeadWaiting) this.#response.flushHeaders();
    this.#text = '';
    socket?.uncork();
  }

  /** @param tail what is added at the end */
  end(tail: Buffer | undefined): void {
    const text = this.#text;
    this.#text = '';
    this.#hasEnded = true;
    if (text !== '') {
      this.#response.write(text, 'latin1');
      // Otherwise Node would wait for the end of this turn, and send it in two pieces, one of them empty.
      if (tail === undefined) this.#response.socket?.uncork();
    }
    this.#response.end(tail);
  }

  #writeText(connection: ReplySource): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#isHeadWaiting = false;
    const isBehind = this.#response.writableLength > 0;
    if (!this.#response.write(text, 'latin1') && isBehind) this.#wait(connection);
  }

  /** One piece may be on its way, so that the sandbox need not stop for each; with two, the reader is slower. */
  #wait(connection: ReplySource): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    connection.pause();
    this.#response.once('drain', () => {
      this.#isPaused = false;
      // When all has come, the connection may carry the response to another reader, who may be slow, too.
      if (!this.#hasEnded) connection.resume();
    });
  }
}
