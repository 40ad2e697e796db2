// Counts each ticket that arrives, once, so that a redirector knows which of its readers are still on their way.
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { ExpiringSet } from '../../shared/collections/expiring-set.ts';
import { redirectorKey, type Ticket, verifyTicket } from '../../shared/protocol/ticket.ts';

/** How long the counts of an epoch stay in the report (ms). Redirectors look back over a shorter time. */
const REPORTED_FOR_MS = 60_000;

/** Most keys to keep. A fleet has few redirectors; more keys come from repeated restarts, and the oldest are dropped. */
const MAX_REDIRECTORS = 256;

export class TicketCounter {
  readonly #nodeId: string;
  readonly #keys: readonly KeyObject[];
  readonly #clock: Clock;
  /** Nonces of the tickets that were counted. */
  readonly #nonces = new ExpiringSet();
  readonly #seen = new Map<string, Map<number, { count: number; readonly until: number }>>();

  /** @param keys of this node's tickets */
  constructor(nodeId: string, keys: readonly KeyObject[], clock: Clock) {
    this.#nodeId = nodeId;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** The ticket, if it is genuine, fresh and meant for this node. Counts its first arrival. */
  count(text: string | undefined): Ticket | undefined {
    if (text === undefined) return undefined;
    const now = this.#clock.now();
    const ticket = verifyTicket(text, this.#keys, now);
    if (ticket === undefined || ticket.node !== this.#nodeId) return undefined;
    if (this.#nonces.add(ticket.nonce, ticket.expires, now)) {
      this.#countInEpoch(ticket, now);
      this.#forgetOld(now);
    }
    return ticket;
  }

  /** For the report: `seen[redirector/boot][epoch]`. */
  seen(): Record<string, Record<string, number>> {
    this.#forgetOld(this.#clock.now());
    const report: Record<string, Record<string, number>> = {};
    for (const [key, epochs] of this.#seen) {
      report[key] = Object.fromEntries([...epochs].map(([epoch, { count }]) => [String(epoch), count]));
    }
    return report;
  }

  #countInEpoch(ticket: Ticket, now: number): void {
    const key = redirectorKey(ticket);
    const epochs = this.#seen.get(key) ?? new Map<number, { count: number; until: number }>();
    // Inserted again, so that the map stays in order of last use.
    this.#seen.delete(key);
    this.#seen.set(key, epochs);
    const entry = epochs.get(ticket.epoch) ?? { count: 0, until: now + REPORTED_FOR_MS };
    entry.count += 1;
    epochs.set(ticket.epoch, entry);
  }

  #forgetOld(now: number): void {
    for (const [key, epochs] of this.#seen) {
      for (const [epoch, { until }] of epochs) if (until < now) epochs.delete(epoch);
      if (epochs.size === 0 || this.#seen.size > MAX_REDIRECTORS) this.#seen.delete(key);
    }
  }
}
