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

/** One request at a time over a WebSocket, and the answer that ends it. */
export class SocketDialogue {
  readonly #socket: WebSocket;
  #waiting:
    | { readonly isAnswer: (text: string) => boolean; readonly end: (error?: Error) => void }
    | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      if (this.#waiting?.isAnswer(String(data)) === true) this.#waiting.end();
    });
    socket.on('error', (error) => this.#waiting?.end(error));
    socket.on('close', (code) => this.#waiting?.end(new Error(`the WebSocket was closed (${code})`)));
  }

  /** @throws Error when the socket closes first, or nothing comes */
  ask(text: string, isAnswer: (text: string) => boolean): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) throw new Error('the WebSocket is closed');
    return new Promise((resolve, reject) => {
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

  close(): Promise<void> {
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
