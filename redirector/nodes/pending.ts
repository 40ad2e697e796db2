// Counts the readers sent to one node and not yet seen there: by tickets where the node counts them, else by time.
import type { NodeStats } from '../../shared/protocol/wire.ts';

/** One second of this redirector's clock. */
export const EPOCH_MS = 1_000;

/** A ticket that has not arrived after this many epochs never will: the reader closed the page. */
export const YOUNG_EPOCHS = 10;

/**
 * A report that was requested this long after a reader was sent should show that they have arrived; where it does not, they
 * are doubted: they count as on their way only as long as there is other room. ms
 */
export const ARRIVAL_MS = 2_000;

/** Without tickets: the longest time from a redirect to the reader's arrival. ms */
const HAND_OFF_MS = 1_000;

export function epochAt(now: number): number {
  return Math.floor(now / EPOCH_MS);
}

/** What may be read of them. */
export type PendingCounts = Pick<PendingReaders, 'countByTickets' | 'countByTime' | 'nextExpiry'>;

export class PendingReaders {
  /** Readers sent in each young epoch, indexed by epoch modulo YOUNG_EPOCHS. */
  readonly #sent: number[] = new Array<number>(YOUNG_EPOCHS).fill(0);
  /** The newest epoch that is counted. */
  #newest = 0;
  /** When each reader without a ticket was sent, oldest first; only those that no report can include yet. */
  #times: number[] = [];

  /** Adds a reader whose ticket the node will count. @param now ms since 1970 */
  addWithTicket(now: number): void {
    const epoch = epochAt(now);
    this.#moveTo(epoch);
    const place = epoch % YOUNG_EPOCHS;
    this.#sent[place] = (this.#sent[place] ?? 0) + 1;
  }

  /** Adds a reader without a ticket. @param now ms since 1970 */
  add(now: number): void {
    this.#times.push(now);
  }

  /** A reader without a ticket has reached the node: only a report requested before `now` may not include them. */
  arrived(now: number): void {
    // Readers are alike; the newest entries are the ones still on their way.
    if (this.#times.pop() === undefined) return;
    const counted = now - HAND_OFF_MS;
    this.#times.splice(this.#firstSince(counted), 0, counted);
  }

  /**
   * Σ over young epochs of sent − seen, never below 0 in any of them.
   * @param since only epochs from this one on
   */
  countByTickets(seen: Readonly<Record<string, number>>, now: number, since = 0): number {
    let pending = 0;
    for (let epoch = Math.max(since, this.#oldestYoung(now)); epoch <= this.#newest; epoch += 1) {
      const count = this.#sent[epoch % YOUNG_EPOCHS] ?? 0;
      if (count > 0) pending += Math.max(0, count - (seen[epoch] ?? 0));
    }
    return pending;
  }

  /** The epoch in which the oldest count expires; undefined when there is none. */
  nextExpiry(now: number): number | undefined {
    for (let epoch = this.#oldestYoung(now); epoch <= this.#newest; epoch += 1) {
      if ((this.#sent[epoch % YOUNG_EPOCHS] ?? 0) > 0) return epoch + YOUNG_EPOCHS;
    }
    return undefined;
  }

  /** Readers sent since shortly before the last report was requested: it cannot include them. */
  countByTime(askedAt: number): number {
    return this.#times.length - this.#firstSince(askedAt - HAND_OFF_MS);
  }

  /** A report requested at `askedAt` has arrived: it includes the readers sent well before. */
  settle(askedAt: number): void {
    const first = this.#firstSince(askedAt - HAND_OFF_MS);
    if (first > 0) this.#times.splice(0, first);
  }

  /** For a new boot of the node, which has counted none of the earlier tickets. */
  reset(): void {
    this.#sent.fill(0);
    this.#times = [];
  }

  #oldestYoung(now: number): number {
    return Math.max(epochAt(now), this.#newest) - YOUNG_EPOCHS + 1;
  }

  /** Drops old epochs. A clock set back by more than YOUNG_EPOCHS resets the counts. */
  #moveTo(epoch: number): void {
    const steps = epoch - this.#newest;
    if (Math.abs(steps) >= YOUNG_EPOCHS) this.#sent.fill(0);
    else for (let step = 1; step <= steps; step += 1) this.#sent[(this.#newest + step) % YOUNG_EPOCHS] = 0;
    if (steps > 0 || steps <= -YOUNG_EPOCHS) this.#newest = epoch;
  }

  /** By bisection: at 30,000 readers a second the list is long, and this runs for each of them. */
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

/** A report with only one key of `seen`. */
export function keepSeenOf(stats: NodeStats, key: string): NodeStats {
  if (stats.fleet === undefined) return stats;
  const ours = stats.fleet.seen[key];
  return { ...stats, fleet: { ...stats.fleet, seen: ours === undefined ? {} : { [key]: ours } } };
}
