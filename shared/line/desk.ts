// Where a reader in line is dealt with: gives places, reads those that are shown, and holds their requests.
import type { ServerResponse } from 'node:http';
import type { FleetKeys } from '../protocol/fleet-keys.ts';
import { Line, type LineOptions } from './line.ts';
import { type Place, Places } from './place.ts';
import { PlaceUse, type Return } from './place-use.ts';
import type { LineEnd } from './waiters.ts';

export interface LineDeskOptions<Entry> extends Omit<LineOptions<Entry>, 'uses'> {
  readonly keys: FleetKeys;
}

/** `Entry` is what lets a reader in. */
export class LineDesk<Entry> {
  readonly line: Line<Entry>;
  readonly #options: LineDeskOptions<Entry>;
  readonly #places: Places;
  readonly #uses = new PlaceUse<Entry>();

  constructor(options: LineDeskOptions<Entry>) {
    this.#options = options;
    this.#places = new Places(options.keys, options.clock);
    this.line = new Line({ ...options, uses: this.#uses });
  }

  /** The place that a reader shows; undefined for one that is forged, too old, or was used. */
  read(text: string | undefined): Place | undefined {
    const place = this.#places.read(text);
    if (place === undefined) return undefined;
    const isOver = this.#uses.isUsed(place) && this.#uses.entryOf(place, this.#now()) === undefined;
    return isOver && !this.line.has(place) ? undefined : place;
  }

  /**
   * A reader who was let in comes back without a sandbox: they stand in line as before.
   * @param text of the place
   * @param tried names of nodes that have just sent the reader back
   * @returns undefined where it is no place, or this return was shown before
   */
  takeBack(text: string, from: Return, client: string, tried: readonly string[] = []): Place | undefined {
    const place = this.#places.read(text);
    if (place === undefined || !this.#uses.takeBack(place, from, this.#now())) return undefined;
    this.line.join(place, client, tried);
    return place;
  }

  /** Whether the reader of this place was counted as an arrival here. */
  isCharged(place: Place): boolean {
    return this.#uses.isCharged(place);
  }

  /**
   * Whether a reader may stand in line here: each client has a limited number of places at a time.
   * @param place undefined for one who has none yet
   */
  admits(client: string, place: Place | undefined): boolean {
    if (place !== undefined && (this.line.has(place) || this.#uses.isUsed(place))) return true;
    return this.line.admits(client);
  }

  charge(place: Place): void {
    this.#uses.charge(place, this.#now());
  }

  /**
   * Gives a place to a reader for whom there is no room.
   * @param arrivedAt ms since 1970
   * @param tried names of nodes that have just sent the reader back
   */
  give(arrivedAt: number, client: string, tried: readonly string[] = []): LineEnd<Entry> {
    const place = this.#places.give(arrivedAt);
    this.charge(place);
    this.line.join(place, client, tried);
    return this.line.enter(place);
  }

  /** How a reader stands who does not want to be held. */
  ask(place: Place, client: string): LineEnd<Entry> {
    const entry = this.#uses.entryOf(place, this.#now());
    if (entry !== undefined) return entry;
    this.line.join(place, client);
    return this.line.enter(place);
  }

  hold(place: Place, client: string, response: ServerResponse): LineEnd<Entry> | Promise<LineEnd<Entry>> {
    return this.line.hold(place, client, response);
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
