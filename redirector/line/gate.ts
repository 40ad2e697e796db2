// Lets readers in line in, by the time of their arrival, as there is room for them. A reader between two requests keeps their
// turn for some seconds: the room for them is not given to one who came later. Where readers who came earlier wait at another
// front, the room is left to that front, as long as it takes it.
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { Clock } from '../../shared/clock.ts';
import type { LineGate } from '../../shared/line/line.ts';
import { hasTurn, type Waiter, type Waiters } from '../../shared/line/waiters.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { fleetRoom } from '../nodes/summary.ts';
import type { Dispatcher, Journey, Sent } from '../placement/dispatcher.ts';
import { indexesInClaim, type OtherFronts, type OwnLine } from './other-fronts.ts';

export interface GateOptions {
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  readonly others: OtherFronts;
  /** See `estimateRoom`. */
  readonly ourKey: string | undefined;
  readonly clock: Clock;
}

/** Room that belongs to an earlier reader at another front is taken after this time, in case that front cannot use it. ms */
const YIELD_MS = 8_000;
/**
 * The same, where the other front was heard from within HEARD_MS. Longer: when a third one falls silent, all others wait for its
 * readers, and would stop at the same time.
 */
const LIVING_YIELD_MS = 16_000;
const HEARD_MS = 4_000;
/** A warm sandbox that others are said to be on their way to is given to the first in line after this time. ms */
const DOUBT_MS = 3_000;
/** For other fronts, a reader who was sent counts as waiting until nodes report that they have arrived. ms */
const ARRIVAL_MS = 1_000;
/** Other fronts may say for this long that a reader waits there whom this one has let in. ms */
const SENT_MS = 15_000;

export class Gate implements LineGate<Sent> {
  readonly #options: GateOptions;
  readonly #waiters: Waiters<Sent>;
  /** ms, monotonic */
  #yieldingSince: number | undefined;
  #doubtingSince: number | undefined;
  /** Readers who were let in: when they arrived, ms since 1970, and when they were sent, ms, monotonic. */
  readonly #sent = new Map<number, number>();
  #isOpen = false;

  constructor(waiters: Waiters<Sent>, options: GateOptions) {
    this.#waiters = waiters;
    this.#options = options;
  }

  /** Whether readers wait here or at another front, so that one who comes now has to stand in line. */
  get isBusy(): boolean {
    return this.#waiters.requests > 0 || this.#options.others.waiting > 0;
  }

  /** Whether all room there is belongs to readers in line. */
  owesAll(): boolean {
    if (this.isBusy) return true;
    const owed = this.#waiters.countTurns(this.#options.clock.monotonic());
    return owed > 0 && this.#room() <= owed;
  }

  /** Looks through all reports where no room is known only if it is to be thorough: that is too dear for each event. */
  admit(letIn: (waiter: Waiter<Sent>, sent: Sent) => void, isThorough: boolean): void {
    // Sending one changes a node's view, which is why we would be called again.
    if (this.#waiters.requests === 0 || this.#isOpen) return;
    if (!isThorough && this.#options.dispatcher.choose() === undefined) {
      this.#yieldingSince = undefined;
      return;
    }
    this.#isOpen = true;
    const now = this.#options.clock.monotonic();
    let owed = 0;
    for (const waiter of [...this.#waiters.all()]) {
      if (waiter.requests.length === 0) {
        if (hasTurn(waiter, now)) owed += 1;
        continue;
      }
      if ((owed > 0 && this.#room() <= owed) || this.#mustYield(waiter, now)) break;
      const sent = this.#send(waiter, now);
      if (typeof sent === 'object') {
        this.#sent.set(waiter.place.arrivedAt, now);
        letIn(waiter, sent);
      } else if (waiter.tried.length === 0) break; // None behind them can be sent.
    }
    this.#isOpen = false;
  }

  /** For other fronts: who waits here, those who were sent a moment ago included. */
  ownLine(): OwnLine {
    const now = this.#options.clock.monotonic();
    const arrivals: number[] = [];
    for (const [arrivedAt, sentAt] of this.#sent) {
      if (now - sentAt > SENT_MS) this.#sent.delete(arrivedAt);
      else if (now - sentAt < ARRIVAL_MS) arrivals.push(arrivedAt);
    }
    const line = this.#waiters.all().filter((waiter) => hasTurn(waiter, now));
    for (const { place } of line) arrivals.push(place.arrivedAt);
    arrivals.sort((one, other) => one - other);
    return {
      size: arrivals.length,
      arrivals: indexesInClaim(arrivals.length).map((index) => arrivals[index] ?? 0),
    };
  }

  /** Whether the room, if there is any, is left to a reader at another front. */
  #mustYield({ place }: Waiter<Sent>, now: number): boolean {
    const { others, dispatcher } = this.#options;
    const isOurs = (arrivedAt: number): boolean =>
      this.#sent.has(arrivedAt) || this.#waiters.isHeld(arrivedAt);
    if (!others.hasEarlier(place.arrivedAt, isOurs)) return false;
    if (dispatcher.choose() === undefined) {
      this.#yieldingSince = undefined;
      return true;
    }
    this.#yieldingSince ??= now;
    const yielded = now - this.#yieldingSince;
    if (yielded < YIELD_MS) return true;
    if (yielded < LIVING_YIELD_MS && others.hasEarlier(place.arrivedAt, isOurs, HEARD_MS)) return true;
    this.#yieldingSince = undefined;
    return false;
  }

  #send(waiter: Waiter<Sent>, now: number): Sent | RefusalReason {
    const { dispatcher, fleet, clock } = this.#options;
    const { place, triedAt } = waiter;
    // A node that has reported since may be tried again.
    if (waiter.tried.length > 0)
      waiter.tried = waiter.tried.filter((name) => (fleet.named(name)?.askedAt ?? triedAt) <= triedAt);
    // Without their client, so that each one counts as on their way, however many of one client wait. Who does not count takes no
    // room, and all who wait would be let in to the first free sandbox. Who waits with a request open is no stray click.
    const journey: Journey = { tried: waiter.tried, hops: 0, nonce: place.text, pressed: true };
    const sent = dispatcher.send(journey);
    if (typeof sent === 'object' || !dispatcher.reportsWarm()) {
      this.#doubtingSince = undefined;
      return sent;
    }
    // As in the waiting room: a count of readers on their way is a guess, and closes no fleet by itself.
    this.#doubtingSince ??= now;
    if (now - this.#doubtingSince < DOUBT_MS) return sent;
    this.#doubtingSince = undefined;
    return dispatcher.sendByReport(journey, clock.now() - DOUBT_MS);
  }

  /** Readers that can be sent now. */
  #room(): number {
    const { fleet, ourKey, clock } = this.#options;
    return fleetRoom(fleet, ourKey, clock.now()).free;
  }
}
