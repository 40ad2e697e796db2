// What a reader works with once the page is there: something that runs a line and says what came of it. A Jupyter's kernel, or
// the scratchpad's; for any other app there is none.
import type { WebSocket } from 'ws';
import type { Visit } from './visit.ts';

export interface Kernel {
  /** Resolves with the first output. */
  run(code: string): Promise<void>;
  /** As a tab that is closed: resolves when the other side has answered. */
  close(): Promise<void>;
}

/** Longest time that a line may take until its first output, and a kernel until it is ready. ms */
const OUTPUT_MS = 120_000;
const CLOSE_MS = 2_000;

/** Opens the WebSocket again that has been closed. @throws Error where it cannot be, though it was tried for a while */
export type Reopen = () => Promise<WebSocket>;

/** One request at a time over a WebSocket, and the answer that ends it. */
export class SocketDialogue {
  #socket: WebSocket;
  /** While it is opened again. */
  #opening: Promise<void> | undefined;
  #isOver = false;
  #waiting:
    | { readonly isAnswer: (text: string) => boolean; readonly end: (error?: Error) => void }
    | undefined;
  readonly #reopen: Reopen | undefined;

  /** @param reopen of a page that does so; without it, a closed WebSocket is the end */
  constructor(socket: WebSocket, reopen?: Reopen) {
    this.#reopen = reopen;
    this.#socket = socket;
    this.#listen(socket);
  }

  #listen(socket: WebSocket): void {
    let fault: Error | undefined;
    socket.on('message', (data) => {
      if (this.#waiting?.isAnswer(String(data)) === true) this.#waiting.end();
    });
    socket.on('error', (error) => {
      fault = error;
    });
    socket.on('close', (code) => this.#lost(fault ?? new Error(`the WebSocket was closed (${code})`)));
  }

  #lost(error: Error): void {
    if (this.#isOver || this.#reopen === undefined) {
      this.#waiting?.end(error);
      return;
    }
    this.#opening = this.#reopen()
      .then((socket) => {
        this.#socket = socket;
        this.#listen(socket);
      })
      .catch(() => this.#waiting?.end(error))
      .finally(() => {
        this.#opening = undefined;
      });
  }

  /** @throws Error when the socket closes first and is not opened again, or nothing comes */
  async ask(text: string, isAnswer: (text: string) => boolean): Promise<void> {
    await this.#opening;
    if (this.#socket.readyState !== this.#socket.OPEN) throw new Error('the WebSocket is closed');
    await new Promise<void>((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => end(new Error(`no output within ${OUTPUT_MS / 1_000} s`)), OUTPUT_MS);
      this.#waiting = { isAnswer, end };
      this.#socket.send(text);
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    // A tab that is closed waits for nothing.
    if (this.#opening !== undefined) return;
    return new Promise((resolve) => {
      if (this.#socket.readyState === this.#socket.CLOSED) return resolve();
      const timer = setTimeout(resolve, CLOSE_MS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.close(1000);
    });
  }
}

/** @throws VisitEnded of the step */
export async function during<T>(visit: Visit, step: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return visit.fail(step, error);
  }
}
