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
  /** How many were sent in each young epoch, at its remainder by YOUNG_EPOCHS. */
  readonly #sent: number[] = new Array<number>(YOUNG_EPOCHS).fill(0);
  /** The youngest epoch there is a count of. */
  #newest = 0;
  /** When each without a ticket was sent, oldest first; only of those no report can have told of. */
  #times: number[] = [];

  /** With a ticket, which the node will count. @param now ms since 1970 */
  sentWithTicket(now: number): void {
    const epoch = epochAt(now);
    this.#moveTo(epoch);
    const place = epoch % YOUNG_EPOCHS;
    this.#sent[place] = (this.#sent[place] ?? 0) + 1;
  }

  /** Without one. @param now ms since 1970 */
  sent(now: number): void {
    this.#times.push(now);
  }

  /** Σ over young epochs of sent − seen, never below 0 in any of them. */
  pendingByTickets(seen: Readonly<Record<string, number>>, now: number): number {
    let pending = 0;
    for (let epoch = this.#oldestYoung(now); epoch <= this.#newest; epoch += 1) {
      const count = this.#sent[epoch % YOUNG_EPOCHS] ?? 0;
      if (count > 0) pending += Math.max(0, count - (seen[epoch] ?? 0));
    }
    return pending;
  }

  /** The epoch in which the oldest young count will have expired; undefined when there is none. */
  nextExpiry(now: number): number | undefined {
    for (let epoch = this.#oldestYoung(now); epoch <= this.#newest; epoch += 1) {
      if ((this.#sent[epoch % YOUNG_EPOCHS] ?? 0) > 0) return epoch + YOUNG_EPOCHS;
    }
    return undefined;
  }

  /** Those who were sent since shortly before the last report was asked for: it cannot have told of them. */
  pendingByTime(askedAt: number): number {
    return this.#times.length - this.#firstSince(askedAt - HAND_OFF_MS);
  }

  /** A report asked for then has come: it tells of everyone sent well before. */
  settle(askedAt: number): void {
    const first = this.#firstSince(askedAt - HAND_OFF_MS);
    if (first > 0) this.#times.splice(0, first);
  }

  /** A new boot of the node knows nothing of those before. */
  reset(): void {
    this.#sent.fill(0);
    this.#times = [];
  }

  #oldestYoung(now: number): number {
    return Math.max(epochAt(now), this.#newest) - YOUNG_EPOCHS + 1;
  }

  /** Forgets what is not young any more. A clock set back by more than that starts the counts anew. */
  #moveTo(epoch: number): void {
    const steps = epoch - this.#newest;
    if (Math.abs(steps) >= YOUNG_EPOCHS) this.#sent.fill(0);
    else for (let step = 1; step <= steps; step += 1) this.#sent[(this.#newest + step) % YOUNG_EPOCHS] = 0;
    if (steps > 0 || steps <= -YOUNG_EPOCHS) this.#newest = epoch;
  }

  /** By halving: at 30,000 readers a second there are many times between two reports, and this runs for each. */
  #firstSince(since: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? 0) >= since) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
