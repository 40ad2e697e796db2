// One place among the workers: a process in it, and another one when that is gone.
import cluster, { type Worker } from 'node:cluster';
import { FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import type { RedirectorConfig } from '../config.ts';
import { lastingMetrics, type MetricsJson } from './metrics.ts';
import { type Order, parseWord, type Word } from './protocol.ts';

export interface SeatOptions {
  readonly config: RedirectorConfig;
  readonly logger: Logger;
  readonly members: () => readonly Member[];
  /** What a worker that is gone had counted, as far as it had told. */
  readonly gone: (metrics: MetricsJson) => void;
}

/** A worker that does not answer its primary for so long is left out of that answer. */
const ANSWER_MS = 2_000;
/** Before the next process when the last one did not live; doubled with each, to the second number. */
const RESTART_MS = [100, 10_000] as const;
/** Open requests have three seconds to end, see main.ts. */
const STOP_MS = 6_000;

export class Seat {
  readonly #options: SeatOptions;
  readonly #answers = new Map<number, (metrics: MetricsJson | undefined) => void>();
  #worker: Worker | undefined;
  #counted: MetricsJson = [];
  #asked = 0;
  #deaths = 0;
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: SeatOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#worker !== undefined;
  }

  /** Resolves with the address it serves. @throws FleetError `port-taken`, `unavailable` when the first process does not come up */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#fork((word) => {
        if (word.type === 'up') resolve(word.url);
        if (word.type === 'failed') reject(startError(word));
      }, reject);
    });
  }

  /** Resolves when the worker has them, or is not there to have them. */
  async tell(members: readonly Member[]): Promise<void> {
    await this.#ask((id) => ({ type: 'members', id, members }));
  }

  /** What it has counted since it started; what it last told of when it does not answer. */
  async metrics(): Promise<MetricsJson> {
    const worker = this.#worker;
    const metrics = await this.#ask((id) => ({ type: 'metrics', id }));
    // One that died meanwhile has been counted among the gone.
    if (this.#worker !== worker) return [];
    if (metrics !== undefined) this.#counted = metrics;
    return this.#counted;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), STOP_MS);
    send(worker, { type: 'stop' });
    await exited;
    clearTimeout(timer);
  }

  #fork(heard: (word: Word) => void, died: (error: Error) => void): void {
    const { config, logger, members } = this.#options;
    const worker = cluster.fork();
    this.#worker = worker;
    // A broken channel is told by the exit that follows it.
    worker.on('error', () => undefined);
    worker.on('message', (message: unknown) => {
      const word = parseWord(message);
      if (word === undefined) return;
      if (word.type === 'hello') send(worker, { type: 'start', config, members: members() });
      if (word.type === 'up') this.#deaths = 0;
      if (word.type === 'failed') worker.process.kill('SIGKILL');
      if (word.type === 'done') this.#answers.get(word.id)?.(word.metrics);
      heard(word);
    });
    worker.once('exit', (code, signal) => {
      this.#worker = undefined;
      const how = signal ?? `exit code ${code}`;
      died(new FleetError('unavailable', `a worker ended as it started (${how})`));
      for (const answer of this.#answers.values()) answer(undefined);
      this.#options.gone(lastingMetrics(this.#counted));
      this.#counted = [];
      if (this.#stopping) return;
      logger.warn({ worker: worker.process.pid, how }, 'a worker is gone; starting another');
      this.#bookRestart();
    });
  }

  #bookRestart(): void {
    const [first, most] = RESTART_MS;
    const pause = this.#deaths === 0 ? 0 : Math.min(most, first * 2 ** this.#deaths);
    this.#deaths += 1;
    const nothing = (): void => undefined;
    this.#restart = setTimeout(
      () =>
        this.#fork((word) => {
          if (word.type === 'failed') this.#options.logger.error(word, 'a worker does not start');
        }, nothing),
      pause,
    );
  }

  #ask(order: (id: number) => Order): Promise<MetricsJson | undefined> {
    const worker = this.#worker;
    if (worker === undefined) return Promise.resolve(undefined);
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answers.get(id)?.(undefined), ANSWER_MS);
      this.#answers.set(id, (metrics) => {
        clearTimeout(timer);
        this.#answers.delete(id);
        resolve(metrics);
      });
      send(worker, order(id));
    });
  }
}

function send(worker: Worker, order: Order): void {
  if (worker.isConnected()) worker.send(order);
}

function startError({ code, message, remedy }: Extract<Word, { type: 'failed' }>): FleetError {
  return new FleetError(
    code === 'port-taken' ? code : 'unavailable',
    message,
    remedy === undefined ? {} : { remedy },
  );
}
