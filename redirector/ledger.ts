// Who was sent to one node and has not been seen there: by tickets where the node counts them, else by time.

/** An epoch is a second of our own clock. */
export const EPOCH_MS = 1_000;

/** A ticket that has not arrived after so many epochs never will: the reader closed the page. */
export const YOUNG_EPOCHS = 10;

/** Without tickets: how long a reader may be on the way, ms. */
const HAND_OFF_MS = 1_000;

export function epochAt(now: number): number {
  return Math.floor(now / EPOCH_MS);
}

export class Ledger {
  readonly #byEpoch = new Map<number, number>();
  /** When each was sent, oldest first. */
  #times: number[] = [];

  /** @param now ms since 1970 */
  sent(now: number): void {
    const epoch = epochAt(now);
    this.#byEpoch.set(epoch, (this.#byEpoch.get(epoch) ?? 0) + 1);
    this.#times.push(now);
    if (this.#byEpoch.size > YOUNG_EPOCHS + 1) this.#forget(now);
  }

  /** Σ over young epochs of sent − seen, never below 0 in any of them. */
  pendingByTickets(seen: Readonly<Record<string, number>>, now: number): number {
    const oldest = epochAt(now) - YOUNG_EPOCHS;
    let pending = 0;
    for (const [epoch, count] of this.#byEpoch) {
      if (epoch > oldest) pending += Math.max(0, count - (seen[epoch] ?? 0));
    }
    return pending;
  }

  /** Those who were sent since shortly before the last report was asked for: it cannot have told of them. */
  pendingByTime(askedAt: number): number {
    const since = askedAt - HAND_OFF_MS;
    let index = this.#times.length;
    while (index > 0 && (this.#times[index - 1] ?? 0) >= since) index -= 1;
    return this.#times.length - index;
  }

  /** A new boot of the node knows nothing of those before. */
  reset(): void {
    this.#byEpoch.clear();
    this.#times = [];
  }

  #forget(now: number): void {
    const oldest = epochAt(now) - YOUNG_EPOCHS;
    for (const epoch of this.#byEpoch.keys()) if (epoch <= oldest) this.#byEpoch.delete(epoch);
    this.#times = this.#times.filter((time) => time > oldest * EPOCH_MS);
  }
}
