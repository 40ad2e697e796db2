// The readers who have a place in line here, in order of their arrival, and their requests that are held.
import type { RefusalReason } from '../api/refusal.ts';
import { OpenCounts } from '../collections/open-counts.ts';
import { byArrival, type Place } from './place.ts';

/** How a reader stands. */
export interface Standing {
  readonly place: Place;
  /** 1 for the first, other fronts' readers included. */
  readonly position: number;
  /** Expected time until they are let in, s; undefined where nothing says so, as while every node is cordoned. */
  readonly etaSeconds: number | undefined;
  /** Why they are not let in: `full` where they wait for others to leave. */
  readonly reason: RefusalReason;
}

/** How a held request ends: the reader is let in, or hears how they stand. `Entry` is what lets them in. */
export type LineEnd<Entry> = Entry | Standing;

/** A request of a reader that is held. */
export interface HeldRequest<Entry> {
  /** ms, monotonic */
  readonly since: number;
  /** When it is answered at the latest. ms, monotonic */
  readonly until: number;
  /** At its beginning. */
  readonly position: number;
  readonly done: (end: LineEnd<Entry>) => void;
}

export interface Waiter<Entry> {
  readonly place: Place;
  /** As `createClientAddress` names it. */
  readonly client: string;
  /** Nodes that sent the reader back, and when that was, ms since 1970. */
  tried: readonly string[];
  triedAt: number;
  /** Several where the same place is open in several tabs. */
  readonly requests: HeldRequest<Entry>[];
  /** When the last request ended, ms, monotonic. */
  seenAt: number;
  /** How long their turn is kept between two requests. ms */
  turnMs: number;
  /** Whether they have asked again since they got their place: what shows them to be a reader who waits. */
  hasAsked: boolean;
  /** What they were told first, of what was measured by then. `at` in ms, monotonic. */
  told: { readonly etaSeconds: number; readonly at: number } | undefined;
  /** Gives back their place among those of their client. */
  readonly leave: (() => void) | undefined;
}

/** A reader between two requests keeps their turn for this long: a page without scripts waits, and then loads. ms */
const TURN_MS = 6_000;
/** The same for a page's script, which asks again at once. If it does not, another front was asked. ms */
export const SCRIPT_TURN_MS = 2_000;

export class Waiters<Entry> {
  #line: Waiter<Entry>[] = [];
  readonly #byPlace = new Map<string, Waiter<Entry>>();
  readonly #ofClient = new OpenCounts(Number.POSITIVE_INFINITY);
  #requests = 0;
  /** Those who had no turn at the last count: they have left, or ask at another front. */
  #absent: readonly Place[] = [];
  #lastSeenAt = Number.NEGATIVE_INFINITY;

  get size(): number {
    return this.#line.length;
  }

  /** Held at this time. */
  get requests(): number {
    return this.#requests;
  }

  get(place: Place): Waiter<Entry> | undefined {
    return this.#byPlace.get(place.text);
  }

  /** Places of one client. */
  countOf(client: string): number {
    return this.#ofClient.of(client);
  }

  /** In order of arrival. */
  all(): readonly Waiter<Entry>[] {
    return this.#line;
  }

  /** @param now ms, monotonic */
  add(place: Place, client: string, now: number): Waiter<Entry> {
    const waiter: Waiter<Entry> = {
      ...{ place, client, tried: [], triedAt: 0, requests: [] },
      ...{ seenAt: now, turnMs: TURN_MS, hasAsked: false, told: undefined },
      leave: this.#ofClient.open(client),
    };
    this.#byPlace.set(place.text, waiter);
    // Most who come have just arrived, so that few are moved.
    this.#line.splice(this.#indexOf(place), 0, waiter);
    this.#lastSeenAt = now;
    return waiter;
  }

  remove(waiter: Waiter<Entry>): void {
    if (!this.#byPlace.delete(waiter.place.text)) return;
    this.#line.splice(this.#indexOf(waiter.place), 1);
    waiter.leave?.();
  }

  /** Removes those who are not kept, and returns them. */
  keep(isKept: (waiter: Waiter<Entry>) => boolean): readonly Waiter<Entry>[] {
    const gone = this.#line.filter((waiter) => !isKept(waiter));
    if (gone.length === 0) return gone;
    for (const { place, leave } of gone) {
      this.#byPlace.delete(place.text);
      leave?.();
    }
    this.#line = this.#line.filter(({ place }) => this.#byPlace.has(place.text));
    return gone;
  }

  hold(waiter: Waiter<Entry>, request: HeldRequest<Entry>): void {
    waiter.requests.push(request);
    this.#requests += 1;
  }

  /** @param now ms, monotonic @returns false where the request had ended already */
  end(waiter: Waiter<Entry>, request: HeldRequest<Entry>, now: number): boolean {
    const index = waiter.requests.indexOf(request);
    if (index < 0) return false;
    waiter.requests.splice(index, 1);
    this.#requests -= 1;
    waiter.seenAt = now;
    this.#lastSeenAt = now;
    return true;
  }

  /** How many who ask arrived before this place was given. */
  countAhead(place: Place): number {
    return Math.max(
      0,
      this.#indexOf(place) - countBefore(this.#absent.length, (index) => this.#absent[index], place),
    );
  }

  /** How many ask. */
  get present(): number {
    return Math.max(0, this.size - this.#absent.length);
  }

  /** Looks through all, for `countAhead` and `present`; to be called every second. @param now ms, monotonic */
  count(now: number): void {
    this.#absent = this.#line.filter((waiter) => !hasTurn(waiter, now)).map(({ place }) => place);
  }

  /** Whether a request is held of a reader who arrived at this time, ms since 1970. */
  isHeld(arrivedAt: number): boolean {
    for (let index = this.#indexOf({ text: '', arrivedAt }); ; index += 1) {
      const waiter = this.#line[index];
      if (waiter?.place.arrivedAt !== arrivedAt) return false;
      if (waiter.requests.length > 0) return true;
    }
  }

  #indexOf(place: Place): number {
    return countBefore(this.size, (index) => this.#line[index]?.place, place);
  }

  /** How many are asking, or most likely about to. @param now ms, monotonic */
  countTurns(now: number): number {
    if (this.#requests === 0 && now - this.#lastSeenAt >= TURN_MS) return 0;
    return this.#line.reduce((count, waiter) => count + Number(hasTurn(waiter, now)), 0);
  }
}

/** How many of a sorted list come before a place, by bisection. */
function countBefore(count: number, placeAt: (index: number) => Place | undefined, place: Place): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = placeAt(middle);
    if (other !== undefined && byArrival(other, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the reader is asking, or most likely about to. @param now ms, monotonic */
export function hasTurn(
  { requests, seenAt, turnMs }: Pick<Waiter<never>, 'requests' | 'seenAt' | 'turnMs'>,
  now: number,
): boolean {
  return requests.length > 0 || now - seenAt < turnMs;
}
