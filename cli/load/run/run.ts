// Runs a schedule: starts each reader when they are due, whatever the others are doing (open model), or keeps a number of readers
// coming again and again (closed model). Ends when the last one has what they came for.
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../../shared/clock.ts';
import { seededRandom } from '../../../shared/clock.ts';
import { ReaderClient } from '../client/reader-client.ts';
import type { GeneratorWatch } from '../measure/generator.ts';
import type { Recorder } from '../measure/recorder.ts';
import { takeVisit } from '../profiles/profiles.ts';
import type { ReaderOptions } from '../profiles/reader-options.ts';
import { Visit } from '../profiles/visit.ts';
import type { Schedule } from '../schedule/schedule.ts';

export interface RunOptions {
  readonly schedule: Schedule;
  readonly reader: ReaderOptions;
  readonly recorder: Recorder;
  readonly watch: GeneratorWatch;
  readonly clock: Clock;
  readonly seed: number;
  /** Highest number of readers at a time; those beyond it do not start. */
  readonly maxReaders: number;
  /** Of each request. ms */
  readonly timeoutMs: number;
  readonly from: (reader: number) => string | undefined;
  readonly mayReach: (host: string) => boolean;
  /** Ends the run early: no further reader comes, and who is there leaves at once. */
  readonly signal: AbortSignal;
}

export async function run(options: RunOptions): Promise<void> {
  const crowd = new Crowd(options);
  setMaxListeners(0, options.signal);
  const stop = (): void => crowd.cancel();
  options.signal.addEventListener('abort', stop, { once: true });
  const began = options.clock.monotonic();
  if (options.schedule.model === 'open') await sendOpen(options, crowd, began);
  else await sendClosed(options, crowd, began);
  await crowd.end();
  options.signal.removeEventListener('abort', stop);
}

async function sendOpen({ schedule, clock, signal }: RunOptions, crowd: Crowd, began: number): Promise<void> {
  let next = 0;
  while (next < schedule.arrivals.length && !signal.aborted) {
    const now = clock.monotonic() - began;
    for (let at = schedule.arrivals[next]; at !== undefined && at <= now; at = schedule.arrivals[next]) {
      crowd.start(next, began + at);
      next += 1;
    }
    const at = schedule.arrivals[next] ?? schedule.forMs;
    await sleep(began + at - clock.monotonic(), signal);
  }
  await sleep(began + schedule.forMs - clock.monotonic(), signal);
}

async function sendClosed(
  { schedule, clock, signal }: RunOptions,
  crowd: Crowd,
  began: number,
): Promise<void> {
  const isOver = (): boolean => signal.aborted || clock.monotonic() - began >= schedule.forMs;
  let reader = 0;
  const comeAgain = async (): Promise<void> => {
    while (!isOver()) {
      reader += 1;
      await crowd.start(reader - 1, clock.monotonic());
    }
  };
  // Those who stay at the end of the run leave when the crowd is told to.
  for (let place = 0; place < schedule.closed; place += 1) void comeAgain();
  await sleep(schedule.forMs, signal);
}

class Crowd {
  readonly #options: RunOptions;
  readonly #leaving = new AbortController();
  readonly #visits = new Map<Visit, Promise<void>>();

  constructor(options: RunOptions) {
    this.#options = options;
    setMaxListeners(0, this.#leaving.signal);
  }

  /** @param dueAt on the monotonic clock. @returns what resolves when the reader has left */
  start(index: number, dueAt: number): Promise<void> {
    const { recorder, watch, clock, seed, maxReaders, from, timeoutMs, mayReach, reader } = this.#options;
    if (this.#visits.size >= maxReaders) {
      watch.skipped += 1;
      return Promise.resolve();
    }
    watch.late(clock.monotonic() - dueAt);
    const client = new ReaderClient({ from: from(index), timeoutMs, mayReach });
    const random = seededRandom(seed + Math.imul(index + 1, 0x9e3779b1));
    const visit = new Visit({ client, recorder, clock, random, dueAt, leaving: this.#leaving.signal });
    recorder.arrive();
    const ended = takeVisit(visit, reader)
      .then(
        () => visit.close(),
        (error: unknown) => visit.close(error),
      )
      .finally(() => {
        client.leave();
        recorder.leave();
        this.#visits.delete(visit);
      });
    this.#visits.set(visit, ended);
    return ended;
  }

  /** Once each has what they came for, or not, all leave. */
  async end(): Promise<void> {
    await Promise.all([...this.#visits.keys()].map(({ settled }) => settled));
    this.#leaving.abort();
    await Promise.all(this.#visits.values());
  }

  cancel(): void {
    this.#leaving.abort();
    for (const visit of this.#visits.keys()) visit.cancel();
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
