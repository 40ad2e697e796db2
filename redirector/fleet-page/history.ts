// The last hour of the fleet in buckets of ten seconds: in memory, bounded, gone with the process.
import type { Bucket, HistoryAnswer } from './wire.ts';

/** Sums since the start, and who waits just now. */
export interface Tally {
  readonly arrivals: number;
  readonly bounces: number;
  readonly refused: number;
  readonly waiting: number;
}

export interface Load {
  readonly held: number;
  readonly capacity: number;
}

export const BUCKET_SECONDS = 10;
export const SPAN_SECONDS = 3_600;

const NOTHING: Tally = { arrivals: 0, bounces: 0, refused: 0, waiting: 0 };

export class History {
  #buckets: Bucket[] = [];
  #last = NOTHING;

  /** @param now ms since 1970 */
  note(now: number, tally: Tally, load: Load): void {
    const last = this.#buckets.at(-1);
    const here = Math.floor(now / 1000 / BUCKET_SECONDS) * BUCKET_SECONDS;
    // A clock that was set back adds to the bucket that is open: times in a chart only rise.
    const open = last !== undefined && last.t >= here ? last : emptyAt(here);
    const since = (sum: keyof Tally): number => Math.max(0, tally[sum] - this.#last[sum]);
    const noted: Bucket = {
      t: open.t,
      arrivals: open.arrivals + since('arrivals'),
      bounces: open.bounces + since('bounces'),
      refused: open.refused + since('refused'),
      waiting: Math.max(open.waiting, tally.waiting),
      held: load.held,
      capacity: load.capacity,
    };
    this.#last = tally;
    if (open === last) this.#buckets[this.#buckets.length - 1] = noted;
    else this.#buckets.push(noted);
    const first = this.#buckets[0];
    if (first !== undefined && first.t <= noted.t - SPAN_SECONDS)
      this.#buckets = this.#buckets.filter(({ t }) => t > noted.t - SPAN_SECONDS);
  }

  /** The bucket that is open. */
  get newest(): Bucket | undefined {
    return this.#buckets.at(-1);
  }

  answer(): HistoryAnswer {
    return { bucket_seconds: BUCKET_SECONDS, span_seconds: SPAN_SECONDS, buckets: this.#buckets };
  }
}

function emptyAt(t: number): Bucket {
  return { t, arrivals: 0, bounces: 0, refused: 0, waiting: 0, held: 0, capacity: 0 };
}
