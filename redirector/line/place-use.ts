// What each place was used for at this front: it is charged to its client once, and it gives one sandbox.
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import { ExpiringSet } from '../../shared/collections/expiring-set.ts';
import type { Ticket } from '../../shared/protocol/ticket.ts';
import type { Sent } from '../placement/dispatcher.ts';
import { expiryOf, type Place } from './place.ts';

/** A reader whose answer was lost gets the same one again for this long, which is less than the life of its ticket. ms */
const REPEATED_MS = 20_000;
/** Answers to repeat. */
const REMEMBERED = 8_192;

export class PlaceUse {
  readonly #charged = new ExpiringSet();
  readonly #used = new ExpiringSet();
  /** Bounces that have brought a reader back into the line. */
  readonly #bounces = new ExpiringSet();
  readonly #sent = new BoundedMap<string, { readonly sent: Sent; readonly at: number }>(REMEMBERED);

  isCharged({ text }: Place): boolean {
    return this.#charged.has(text);
  }

  /** @param now ms since 1970 */
  charge(place: Place, now: number): void {
    this.#charged.add(place.text, expiryOf(place), now);
  }

  /** Whether the place gave a sandbox, or is about to. */
  isUsed({ text }: Place): boolean {
    return this.#used.has(text);
  }

  use(place: Place, sent: Sent, now: number): void {
    this.#used.add(place.text, expiryOf(place), now);
    this.#sent.set(place.text, { sent, at: now });
  }

  /** Where the reader was sent a moment ago. */
  sentTo({ text }: Place, now: number): Sent | undefined {
    const last = this.#sent.get(text);
    return last !== undefined && Math.abs(now - last.at) <= REPEATED_MS ? last.sent : undefined;
  }

  /** The node that the place was used at has no sandbox for it. @returns whether this bounce was not shown before */
  takeBack({ text }: Place, { node, hops, expires }: Ticket, now: number): boolean {
    if (!this.#bounces.add(`${text}/${node}/${hops}/${expires}`, expires, now)) return false;
    this.#sent.delete(text);
    return true;
  }
}
