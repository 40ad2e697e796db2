// Asking in a thread of its own: the connections, the parsing and the collector's work for them stay there, and what comes
// over is a text for each report that held what it must. poll-thread-worker.ts is the other side.
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FleetError } from '../../shared/errors.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';
import type { Asker } from './http-poll.ts';

/** Given to the thread when it starts. */
export interface ThreadSetup {
  /** ms */
  readonly pollTimeout: number;
  /** Of what nodes have seen, only this redirector's tickets come over. */
  readonly heed: string | undefined;
}

/** What is asked since the last message: a number for each, and the node's address. */
export type Asks = readonly (readonly [number, string])[];

export interface Failure {
  readonly message: string;
  /** Of the connection's error, or null where the node answered, and wrongly. */
  readonly code: string | undefined | null;
}

/** What is known since the last message, by the numbers of `Asks`: the report as JSON, or why there is none. */
export type Answers = readonly (readonly [number, string | Failure])[];

interface Waiting {
  readonly resolve: (stats: NodeStats) => void;
  readonly reject: (error: Error) => void;
}

const CHILD = fileURLToPath(new URL('./poll-thread-worker.js', import.meta.url));

export class ThreadAsker implements Asker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asks: (readonly [number, string])[] = [];
  #last = 0;
  #ended: Error | undefined;

  /** @param onEnd the thread is no more, though nobody closed it; what is asked of it from now on fails */
  constructor(setup: ThreadSetup, onEnd: (error: Error) => void) {
    this.#worker = new Worker(CHILD, { workerData: setup });
    this.#worker.on('message', (answers: Answers) => this.#take(answers));
    const end = (error: Error): void => {
      if (this.#ended !== undefined) return;
      this.#end(error);
      onEnd(error);
    };
    this.#worker.once('error', end);
    this.#worker.once('exit', (code) => end(new Error(`it exited with ${code}`)));
  }

  ask(url: string): Promise<NodeStats> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#last += 1;
    const id = this.#last;
    // One message for all that are asked in one turn.
    if (this.#asks.length === 0) setImmediate(() => this.#send());
    this.#asks.push([id, url]);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async retire(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#ended === undefined) this.#end(new Error('polling has ended'));
    await this.#worker.terminate();
  }

  #send(): void {
    const asks: Asks = this.#asks;
    this.#asks = [];
    if (this.#ended === undefined) this.#worker.postMessage(asks);
  }

  #take(answers: Answers): void {
    for (const [id, answer] of answers) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      // The other side has parsed it by its schema and written it anew.
      if (typeof answer === 'string') waiting?.resolve(JSON.parse(answer) as NodeStats);
      else waiting?.reject(errorOf(answer));
    }
  }

  #end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function errorOf({ message, code }: Failure): Error {
  if (code === null) return new FleetError('bad-report', message);
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}
