// Token buckets, one for each client, in the form of the generic cell rate algorithm (GCRA; ITU-T I.371): a client's
// bucket is one number, the time at which it will be full again.
import { BoundedMap } from '../collections/bounded-map.ts';
import type { Rate } from './limit-options.ts';

/**
 * Most clients to remember; up to twice as many, in about 10 MB. A stranger with more addresses than that can have the
 * oldest forgotten, which gives those a full bucket again; but then each of the stranger's addresses has a bucket anyway.
 */
const MAX_CLIENTS = 20_000;

interface Bucket {
  /** When it is full, in ms of the caller's clock. */
  fullAt: number;
}

export class TokenBuckets {
  readonly #perMs: number;
  /** ms for one token. */
  readonly #interval: number;
  readonly #buckets = new BoundedMap<string, Bucket>(MAX_CLIENTS);

  /** @param rate with a count of 1 or more */
  constructor({ count, perMs }: Rate) {
    this.#perMs = perMs;
    this.#interval = perMs / count;
  }

  /** Clients in memory. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token. @param now ms, monotonic @returns 0; or, when there is none, ms until there is one */
  take(client: string, now: number): number {
    const bucket = this.#buckets.get(client);
    if (bucket === undefined) {
      this.#buckets.set(client, { fullAt: now + this.#interval });
      return 0;
    }
    const fullAt = Math.max(bucket.fullAt, now) + this.#interval;
    const wait = fullAt - now - this.#perMs;
    // Sums of intervals are not exact.
    if (wait > 1e-6) return wait;
    bucket.fullAt = fullAt;
    return 0;
  }
}
