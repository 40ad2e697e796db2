// Where a reader in line is dealt with: gives places, reads those that are shown, and puts the parts of the line together.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import type { Ticket } from '../../shared/protocol/ticket.ts';
import { Estimate } from './estimate.ts';
import { Line, type LineOptions } from './line.ts';
import { OtherFronts } from './other-fronts.ts';
import { type Place, Places } from './place.ts';
import { PlaceUse } from './place-use.ts';
import type { LineEnd } from './waiters.ts';

export interface LineDeskOptions extends Omit<LineOptions, 'estimate' | 'others' | 'uses'> {
  readonly keys: FleetKeys;
  readonly redirector: string;
  readonly boot: string;
  readonly clock: Clock;
}

export class LineDesk {
  readonly line: Line;
  readonly #places: Places;
  readonly #uses = new PlaceUse();
  readonly #clock: Clock;

  constructor(options: LineDeskOptions) {
    this.#clock = options.clock;
    this.#places = new Places(options.keys, options.clock);
    const others = new OtherFronts(options);
    this.line = new Line({ ...options, others, estimate: new Estimate(), uses: this.#uses });
  }

  /**
   * The place that a reader shows, or with which a node has sent them back; undefined for one that is forged, too old, or was
   * used.
   * @param bounce the ticket of a reader that a node sent back
   */
  read(text: string | undefined, bounce: Ticket | undefined, client: string): Place | undefined {
    const now = this.#clock.now();
    const returned = bounce === undefined ? undefined : this.#places.read(bounce.nonce);
    if (returned !== undefined && bounce !== undefined && this.#uses.takeBack(returned, bounce, now)) {
      this.line.join(returned, client, bounce.tried);
      return returned;
    }
    const place = returned ?? this.#places.read(text);
    if (place === undefined) return undefined;
    const isOver = this.#uses.isUsed(place) && this.#uses.sentTo(place, now) === undefined;
    return isOver && !this.line.has(place) ? undefined : place;
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
    this.#uses.charge(place, this.#clock.now());
  }

  /**
   * Gives a place to a reader for whom there is no room.
   * @param arrivedAt ms since 1970
   * @param tried names of nodes that have just sent the reader back
   */
  give(arrivedAt: number, client: string, tried: readonly string[] = []): LineEnd {
    const place = this.#places.give(arrivedAt);
    this.charge(place);
    this.line.join(place, client, tried);
    return this.line.enter(place);
  }

  /** How a reader stands who does not want to be held. */
  ask(place: Place, client: string): LineEnd {
    const sent = this.#uses.sentTo(place, this.#clock.now());
    if (sent !== undefined) return sent;
    this.line.join(place, client);
    return this.line.enter(place);
  }

  hold(place: Place, client: string, response: ServerResponse): LineEnd | Promise<LineEnd> {
    return this.line.hold(place, client, response);
  }
}
