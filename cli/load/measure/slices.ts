// What happened, in slices of equal length: counts, how many readers were there, and the times of each step. A slice that has
// passed is kept in its written form, so that a long run takes little memory.
import { z } from 'zod';
import type { Clock } from '../../../shared/clock.ts';
import { Times, timesJson, timesSchema } from './histogram.ts';

const COUNTS = ['arrived', 'served', 'refused', 'failed', 'errors'] as const;
export type SliceCount = (typeof COUNTS)[number];

export const sliceSchema = z.object({
  /** Of its begin, since that of the run. */
  second: z.number(),
  arrived: z.number(),
  served: z.number(),
  refused: z.number(),
  failed: z.number(),
  errors: z.number(),
  /** Most readers at a time. */
  open: z.number(),
  steps: z.record(
    z.string(),
    timesSchema.pick({ count: true, p50_ms: true, p99_ms: true, max_ms: true, histogram: true }),
  ),
});
export type SliceJson = z.infer<typeof sliceSchema>;

interface Slice {
  readonly counts: Record<SliceCount, number>;
  open: number;
  readonly steps: Map<string, Times>;
}

export class Slices {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #began: number;
  readonly #sliceMs: number;
  readonly #closed: SliceJson[] = [];
  #index = 0;
  #slice = emptySlice(0);

  constructor(clock: Pick<Clock, 'monotonic'>, sliceMs: number) {
    this.#clock = clock;
    this.#began = clock.monotonic();
    this.#sliceMs = sliceMs;
  }

  count(name: SliceCount): void {
    this.#now().counts[name] += 1;
  }

  open(readers: number): void {
    const slice = this.#now();
    slice.open = Math.max(slice.open, readers);
  }

  time(step: string, ms: number): void {
    const { steps } = this.#now();
    const times = steps.get(step) ?? new Times('coarse');
    steps.set(step, times);
    times.record(ms);
  }

  /** All slices, the last one included. */
  close(): readonly SliceJson[] {
    this.#now();
    return [...this.#closed, this.#written()];
  }

  /** The slice of this moment; those before it are written down, also those in which nothing happened. */
  #now(): Slice {
    const index = Math.floor((this.#clock.monotonic() - this.#began) / this.#sliceMs);
    while (this.#index < index) {
      this.#closed.push(this.#written());
      this.#index += 1;
      this.#slice = emptySlice(this.#slice.open);
    }
    return this.#slice;
  }

  #written(): SliceJson {
    const { counts, open, steps } = this.#slice;
    return {
      second: (this.#index * this.#sliceMs) / 1_000,
      ...counts,
      open,
      steps: Object.fromEntries([...steps].map(([step, times]) => [step, timesOfSlice(times)])),
    };
  }
}

export function timesOfSlice(times: Times): SliceJson['steps'][string] {
  const { count, p50_ms: p50, p99_ms: p99, max_ms: max, histogram } = timesJson(times);
  return { count, p50_ms: p50, p99_ms: p99, max_ms: max, histogram };
}

function emptySlice(open: number): Slice {
  return { counts: { arrived: 0, served: 0, refused: 0, failed: 0, errors: 0 }, open, steps: new Map() };
}
