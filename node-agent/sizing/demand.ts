// Measures the arrival rate of readers, and how many warm sandboxes serve those who arrive during one start.

/** Time constant of the two rates: a crowd shows within seconds, and is remembered for a while. ms */
const SPANS_MS = [5_000, 30_000];

export class Demand {
  readonly #rates = SPANS_MS.map((span) => ({ span, perMs: 0, at: 0 }));

  /** @param now ms, monotonic */
  arrived(now: number): void {
    for (const rate of this.#rates) {
      rate.perMs = decayed(rate, now) + 1 / rate.span;
      rate.at = now;
    }
  }

  /** Readers per second. */
  rate(now: number): number {
    return 1_000 * Math.max(...this.#rates.map((rate) => decayed(rate, now)));
  }

  /**
   * ⌈λL + 3√(λL)⌉: during a start of length L, Poisson arrivals at rate λ exceed this about once in a thousand times
   * (mean λL, standard deviation √(λL)).
   * @param startSeconds L
   */
  warmTarget(now: number, startSeconds: number): number {
    const coming = this.rate(now) * startSeconds;
    return Math.ceil(coming + 3 * Math.sqrt(coming));
  }
}

/** An exponentially weighted rate, decayed since it was last set. */
function decayed({ perMs, at, span }: { perMs: number; at: number; span: number }, now: number): number {
  return perMs * Math.exp(-(now - at) / span);
}
