// How many sandboxes are started at one time: as many as the host bears. When starts grow slow it has too many under
// way, and when one fails it may have far too many.
//
// The gradient rule of Netflix's concurrency-limits (Gradient2Limit), with a queue of one: the limit follows
// limit × (best time ÷ time) + 1. Where a start is bound by the processor this settles at one more than the cores.

/** How much of the new limit is taken at each start: one slow start is no trend. */
const SMOOTHING = 0.2;
/** The limit at first: the best time must be seen before there are too many. */
const FIRST = 2;
/** A start is never taken to be slower than this many times the best one: half as many at once, at the most. */
const LEAST_GRADIENT = 0.5;

export class StartLimiter {
  readonly #most: number;
  #limit: number;
  #best = Number.POSITIVE_INFINITY;

  /** @param most never more than this at one time */
  constructor(most: number) {
    this.#most = most;
    this.#limit = Math.min(most, FIRST);
  }

  /** At least 1. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit + 1e-9));
  }

  /** @param seconds from asking the engine to the first answer */
  started(seconds: number): void {
    this.#best = Math.min(this.#best, seconds);
    const gradient = Math.max(LEAST_GRADIENT, Math.min(1, this.#best / seconds));
    const wanted = this.#limit * gradient + 1;
    this.#set((1 - SMOOTHING) * this.#limit + SMOOTHING * wanted);
  }

  /** Another image: how quickly it starts is yet to be seen. */
  forget(): void {
    this.#best = Number.POSITIVE_INFINITY;
  }

  failed(): void {
    this.#set(this.#limit / 2);
  }

  #set(limit: number): void {
    this.#limit = Math.min(this.#most, Math.max(1, limit));
  }
}
