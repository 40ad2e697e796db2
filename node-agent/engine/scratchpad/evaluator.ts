// Evaluates in a worker thread, so that the server goes on answering, and so that a loop that no timeout of node:vm
// reaches (`for (;;) await null`) can be ended too.
import { Worker } from 'node:worker_threads';
import { z } from 'zod';

/** One line of output. */
export interface OutputLine {
  readonly kind: 'result' | 'error' | 'log';
  readonly text: string;
}

/** ms without a message after which the worker is replaced; longer than its own timeout (worker.ts). */
const UNRESPONSIVE_MS = 8_000;
const PING_MS = 1_000;
const HEAP_MB = 256;

const fromWorkerSchema = z.union([
  z.object({ pong: z.literal(true) }),
  z.object({ kind: z.enum(['result', 'error', 'log']), text: z.string() }),
]);

export class Evaluator {
  onEntry: (entry: OutputLine) => void = () => undefined;
  #worker: Worker | undefined;
  #heard = 0;
  #watchdog: NodeJS.Timeout | undefined;

  /** Entries arrive through `onEntry`. */
  evaluate(code: string): void {
    this.#worker ??= this.#startWorker();
    this.#worker.postMessage({ code });
  }

  #startWorker(): Worker {
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./worker.${suffix}`, import.meta.url), {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#heard = performance.now();
    worker.on('message', (message: unknown) => {
      this.#heard = performance.now();
      const parsed = fromWorkerSchema.parse(message);
      if ('kind' in parsed) this.onEntry(parsed);
    });
    worker.on('error', (error) => this.#replace(`${error.message}. Its variables are lost.`));
    this.#watchdog = setInterval(() => {
      if (performance.now() - this.#heard > UNRESPONSIVE_MS) {
        this.#replace('It ran too long without a pause and was stopped. Its variables are lost.');
      } else {
        worker.postMessage({ ping: true });
      }
    }, PING_MS);
    return worker;
  }

  /** The next evaluation starts a new worker. */
  #replace(why: string): void {
    clearInterval(this.#watchdog);
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.onEntry({ kind: 'error', text: why });
  }
}
