// A reader's place in line: the time of their arrival, signed. It is in their address, so that it survives reloads, a restart of
// the front and another front, without cookies and without JavaScript.
//
//   tmpfleet-place=<time>-<nonce>-<mac>
//
// It is also the nonce of the ticket that the reader gets in the end: a node gives one sandbox for one nonce, and a bounce brings
// the place back to whichever front the reader comes to.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { FleetKeys } from '../protocol/fleet-keys.ts';

export const PLACE_NAME = 'tmpfleet-place';

/** A reader who comes back later is placed as a new one. ms */
export const PLACE_LIFE_MS = 2 * 3_600_000;
/** The clocks of two fronts may differ by this. ms */
const CLOCK_SKEW_MS = 60_000;
/** Behind four digits that count: readers of one millisecond have an order, too. */
const NONCE_BYTES = 6;
/** Behind a place in an address: the request may be held. A page that its reader loads again should not hang. */
const PATIENT = '.wait';
/** 49 characters at most, all of which may stand in a URL and in a ticket as they are. */
const SHAPE = /^([0-9a-z]{8,9})-[0-9a-f]{16}-[\w-]{22}$/;
const MAC_LENGTH = 22;

export interface Place {
  /** As in the address. */
  readonly text: string;
  /** ms since 1970, on the clock of the front that gave it */
  readonly arrivedAt: number;
}

export class Places {
  readonly #signatures: FleetKeys['places'];
  readonly #clock: Pick<Clock, 'now'>;
  #given = 0;

  /** @param keys without a secret, places are signed with a key of this process alone */
  constructor(keys: FleetKeys, clock: Pick<Clock, 'now'>) {
    this.#signatures = keys.exist ? keys.places : new FleetKeys([randomBytes(32).toString('hex')]).places;
    this.#clock = clock;
  }

  /** @param arrivedAt ms since 1970 */
  give(arrivedAt: number): Place {
    this.#given = (this.#given + 1) % 0x1_0000;
    const nonce = this.#given.toString(16).padStart(4, '0') + randomBytes(NONCE_BYTES).toString('hex');
    const text = `${Math.floor(arrivedAt).toString(36)}-${nonce}`;
    return { text: `${text}-${this.#signatures.sign(text)}`, arrivedAt: Math.floor(arrivedAt) };
  }

  /** The place, if a front of this fleet gave it, it has not expired, and it is not of the future. */
  read(text: string | undefined): Place | undefined {
    const [, time] = SHAPE.exec(text ?? '') ?? [];
    if (text === undefined || time === undefined) return undefined;
    const arrivedAt = Number.parseInt(time, 36);
    const age = this.#clock.now() - arrivedAt;
    if (age > PLACE_LIFE_MS || age < -CLOCK_SKEW_MS) return undefined;
    const end = text.length - MAC_LENGTH - 1;
    return this.#signatures.verify(text.slice(0, end), text.slice(end + 1)) ? { text, arrivedAt } : undefined;
  }
}

/** When the place of this text, genuine or not, expires at the latest, ms since 1970. */
export function expiryOf({ arrivedAt }: Place): number {
  return arrivedAt + PLACE_LIFE_MS;
}

/** Of two places, which was given first. For `sort`. */
export function byArrival(one: Place, other: Place): number {
  if (one.arrivedAt !== other.arrivedAt) return one.arrivedAt - other.arrivedAt;
  return one.text < other.text ? -1 : Number(one.text > other.text);
}

/**
 * Splits our place off a raw query (without `?`), leaving the reader's own bytes as they were. Only the last parameter of this
 * name that has the shape of a place is ours.
 */
export function splitPlace(rawQuery: string): {
  readonly query: string;
  readonly place: string | undefined;
  /** Whether the request is made to be held. */
  readonly isPatient: boolean;
} {
  if (!rawQuery.includes(PLACE_NAME)) return { query: rawQuery, place: undefined, isPatient: false };
  const parts = rawQuery.split('&');
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    const part = parts[index] ?? '';
    const value = part.startsWith(`${PLACE_NAME}=`) ? part.slice(PLACE_NAME.length + 1) : '';
    const isPatient = value.endsWith(PATIENT);
    const place = isPatient ? value.slice(0, -PATIENT.length) : value;
    if (!SHAPE.test(place)) continue;
    parts.splice(index, 1);
    return { query: parts.join('&'), place, isPatient };
  }
  return { query: rawQuery, place: undefined, isPatient: false };
}

/** What `withPlace` gives, for a request that is to be held. */
export function patiently(address: string): string {
  return address + PATIENT;
}

/** The address with the place. @param address path and query, without ours */
export function withPlace(address: string, { text }: Place): string {
  return `${address}${address.includes('?') ? '&' : '?'}${PLACE_NAME}=${text}`;
}
