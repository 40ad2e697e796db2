// Limits how many sandboxes start at one time. When starts become slow, too many are under way; when one fails, far too
// many may be.
//
// The gradient rule of Netflix's concurrency-limits (Gradient2Limit), with a queue of one: the limit moves towards
// limit × (best time ÷ time) + 1. Where a start is bound by the processor, it settles at one more than the cores.

/** Weight of each new limit: one slow start is not a trend. */
const SMOOTHING = 0.2;
/** The initial limit: it is low, because the best time must be measured before starts compete. */
const FIRST = 2;
/** A start counts as at most this many times slower than the best one, so the limit is at most halved. */
const LEAST_GRADIENT = 0.5;

export class StartLimiter {
  readonly #most: number;
  #limit: number;
  #best = Number.POSITIVE_INFINITY;

  /** @param most upper bound of the limit */
  constructor(most: number) {
    this.#most = most;
    this.#limit = Math.min(most, FIRST);
  }

  /** At least 1. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit + 1e-9));
  }

  /** @param seconds from the request to the engine to the first answer */
  started(seconds: number): void {
    this.#best = Math.min(this.#best, seconds);
    const gradient = Math.max(LEAST_GRADIENT, Math.min(1, this.#best / seconds));
    const wanted = this.#limit * gradient + 1;
    this.#set((1 - SMOOTHING) * this.#limit + SMOOTHING * wanted);
  }

  /** The image has changed: its best time must be measured again. */
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
