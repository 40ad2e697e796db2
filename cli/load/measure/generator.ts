// Watches the generator itself: what it measures is only worth something while it is on time. Late starts, a busy event loop and a
// processor in full use make it the limit.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { z } from 'zod';
import type { Clock } from '../../../shared/clock.ts';
import { spellCount } from '../../../shared/config/units.ts';
import { Times } from './histogram.ts';

/** A reader who starts so late, or an event loop that stands still for so long, shows in the results. ms */
const LATE_MS = 100;
/** Such a share of the readers, and more than a few. */
const LATE_SHARE = 0.01;
const FEW = 2;
/** One event loop is one core. */
const BUSY = 0.95;

export const generatorSchema = z.object({
  /** How late readers started, p99. */
  late_ms: z.number(),
  /** Who started too late for the results to be believed, and of how many. */
  late_readers: z.number(),
  started: z.number(),
  /** p99; the timer that measures it is due every 10 ms. */
  loop_delay_ms: z.number(),
  /** Cores, over the whole run. */
  cpu: z.number(),
  /** Highest, in MiB. */
  memory_mib: z.number(),
  /** Readers who did not start, because `--max-readers` were there. */
  skipped: z.number(),
  /** Why the generator was the limit; empty if it was not. */
  limits: z.array(z.string()),
});
export type GeneratorJson = z.infer<typeof generatorSchema>;

export class GeneratorWatch {
  readonly #late = new Times();
  readonly #loop = monitorEventLoopDelay({ resolution: 10 });
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #began: number;
  readonly #cpu = process.cpuUsage();
  #memory = 0;
  #lateReaders = 0;
  skipped = 0;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#began = clock.monotonic();
    this.#loop.enable();
  }

  /** A reader who was due started so much later. */
  late(ms: number): void {
    this.#late.record(ms);
    if (ms > LATE_MS) this.#lateReaders += 1;
  }

  /** Called now and then. */
  sample(): void {
    this.#memory = Math.max(this.#memory, process.memoryUsage.rss());
  }

  end(): GeneratorJson {
    this.sample();
    this.#loop.disable();
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, this.#clock.monotonic() - this.#began);
    return judge({
      late_ms: Math.round(this.#late.at(99)),
      late_readers: this.#lateReaders,
      started: this.#late.count,
      loop_delay_ms: Math.round(this.#loop.percentile(99) / 1e6),
      cpu: Math.round((user + system) / elapsedMs / 10) / 100,
      memory_mib: Math.round(this.#memory / 1024 ** 2),
      skipped: this.skipped,
    });
  }
}

export function judge(measured: Omit<GeneratorJson, 'limits'>): GeneratorJson {
  const { late_readers: late, started, loop_delay_ms: delay, cpu, skipped } = measured;
  const limits = [
    ...(late > Math.max(FEW, LATE_SHARE * started)
      ? [`${late} of ${spellCount(started, 'reader')} started more than ${LATE_MS} ms late`]
      : []),
    ...(delay > LATE_MS ? [`its event loop stood still for ${delay} ms and more (p99)`] : []),
    ...(cpu > BUSY ? [`it used ${cpu} cores, and has one`] : []),
    ...(skipped > 0
      ? [`${spellCount(skipped, 'reader')} did not start, because --max-readers were there`]
      : []),
  ];
  return { ...measured, limits };
}
