// The last hour of the fleet in buckets of ten seconds: in memory, bounded, gone with the process.
import type { Bucket, HistoryJson } from '../../shared/api/history.ts';

/** Sums since the start, and who waits just now. */
export interface FleetTally {
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

const NOTHING: FleetTally = { arrivals: 0, bounces: 0, refused: 0, waiting: 0 };

interface Open {
  /** Seconds since 1970. */
  readonly begin: number;
  readonly bucket: Bucket;
}

export class History {
  #buckets: Open[] = [];
  #last = NOTHING;

  /** @param now ms since 1970 */
  note(now: number, tally: FleetTally, load: Load): void {
    const last = this.#buckets.at(-1);
    const here = Math.floor(now / 1000 / BUCKET_SECONDS) * BUCKET_SECONDS;
    // A clock that was set back adds to the bucket that is open: times in a chart only rise.
    const isOpen = last !== undefined && last.begin >= here;
    const { begin, bucket } = isOpen ? last : emptyAt(here);
    const since = (sum: keyof FleetTally): number => Math.max(0, tally[sum] - this.#last[sum]);
    const noted: Bucket = {
      begins_at: bucket.begins_at,
      arrivals: bucket.arrivals + since('arrivals'),
      bounces: bucket.bounces + since('bounces'),
      refused: bucket.refused + since('refused'),
      waiting: Math.max(bucket.waiting, tally.waiting),
      held: load.held,
      capacity: load.capacity,
    };
    this.#last = tally;
    if (isOpen) this.#buckets.pop();
    this.#buckets.push({ begin, bucket: noted });
    const first = this.#buckets[0];
    if (first !== undefined && first.begin <= begin - SPAN_SECONDS)
      this.#buckets = this.#buckets.filter((each) => each.begin > begin - SPAN_SECONDS);
  }

  /** The bucket that is open. */
  get newest(): Bucket | undefined {
    return this.#buckets.at(-1)?.bucket;
  }

  answer(): HistoryJson {
    const buckets = this.#buckets.map(({ bucket }) => bucket);
    return { bucket_seconds: BUCKET_SECONDS, span_seconds: SPAN_SECONDS, buckets };
  }
}

/** @param begin seconds since 1970 */
function emptyAt(begin: number): Open {
  const begins_at = new Date(begin * 1000).toISOString();
  return {
    begin,
    bucket: { begins_at, arrivals: 0, bounces: 0, refused: 0, waiting: 0, held: 0, capacity: 0 },
  };
}
