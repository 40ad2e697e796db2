// Exponential back-off with jitter: after each failure in a row, wait twice as long, up to a limit.
import type { Clock, Random } from './clock.ts';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onOver: (() => void) | undefined;
  #failures = 0;
  #until = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `onOver` is called when a wait has ended. */
  constructor(clock: Clock, random: Random, onOver?: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onOver = onOver;
  }

  get active(): boolean {
    return this.#clock.monotonic() < this.#until;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
    clearTimeout(this.#timer);
  }

  /** Begins a wait and says how long it is, in ms. */
  failed(): number {
    const span = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures) * (0.75 + 0.5 * this.#random());
    this.#failures += 1;
    this.#until = this.#clock.monotonic() + span;
    clearTimeout(this.#timer);
    // One more ms: a timer may fire a fraction early, and the wait would then not be over.
    if (this.#onOver !== undefined) this.#timer = setTimeout(this.#onOver, span + 1);
    return span;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
