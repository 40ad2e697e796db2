// Exponential back-off with jitter: after each failure in a row, wait twice as long, up to a limit.
import type { Clock, Random } from './clock.ts';

export interface BackoffSpans {
  readonly firstMs: number;
  readonly longestMs: number;
}

const SPANS: BackoffSpans = { firstMs: 500, longestMs: 30_000 };

/**
 * The wait after a number of failures in a row, without jitter. ms
 * @param failures 1 or more
 */
export function backoffMs(failures: number, { firstMs, longestMs }: BackoffSpans): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1));
}

export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onEnd: (() => void) | undefined;
  #failures = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onEnd called when a wait has ended */
  constructor(clock: Clock, random: Random, onEnd?: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onEnd = onEnd;
  }

  get active(): boolean {
    return this.#clock.monotonic() < this.#until;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
    clearTimeout(this.#timer);
  }

  /** Begins a wait. @returns its length in ms */
  failed(): number {
    this.#failures += 1;
    const span = backoffMs(this.#failures, SPANS) * (0.75 + 0.5 * this.#random());
    this.#until = this.#clock.monotonic() + span;
    clearTimeout(this.#timer);
    // One ms more: a timer may fire a fraction early, before the wait is over.
    if (this.#onEnd !== undefined) this.#timer = setTimeout(this.#onEnd, span + 1);
    return span;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
