// What each place was used for here: it is charged to its client once, and it gives one sandbox.
import { BoundedMap } from '../collections/bounded-map.ts';
import { ExpiringSet } from '../collections/expiring-set.ts';
import { expiryOf, type Place } from './place.ts';

/** A reader whose answer was lost gets the same one again for this long, which is less than the life of its ticket. ms */
const REPEATED_MS = 20_000;
/** Answers to repeat. */
const REMEMBERED = 8_192;

/** A reader who was let in comes back without a sandbox. */
export interface Return {
  /** Different for each return of a place. */
  readonly name: string;
  /** ms since 1970 */
  readonly expires: number;
}

/** `Entry` is what lets a reader in. */
export class PlaceUse<Entry> {
  readonly #charged = new ExpiringSet();
  readonly #used = new ExpiringSet();
  /** Returns of readers who were let in and got no sandbox. */
  readonly #returns = new ExpiringSet();
  readonly #entries = new BoundedMap<string, { readonly entry: Entry; readonly at: number }>(REMEMBERED);

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

  use(place: Place, entry: Entry, now: number): void {
    this.#used.add(place.text, expiryOf(place), now);
    this.#entries.set(place.text, { entry, at: now });
  }

  /** By what the reader was let in a moment ago. */
  entryOf({ text }: Place, now: number): Entry | undefined {
    const last = this.#entries.get(text);
    return last !== undefined && Math.abs(now - last.at) <= REPEATED_MS ? last.entry : undefined;
  }

  /** There was no sandbox for the reader. @returns whether this return was not shown before */
  takeBack({ text }: Place, { name, expires }: Return, now: number): boolean {
    if (!this.#returns.add(`${text}/${name}`, expires, now)) return false;
    this.#entries.delete(text);
    return true;
  }
}
