// Readers in line. A reader asks with their place and is held until they are let in, or until there is something to tell them. Who
// does not ask any more loses their turn, and after a while their place here.
import type { ServerResponse } from 'node:http';
import type { Random } from '../clock.ts';
import { wantsPage } from '../http/answer.ts';
import type { Place } from './place.ts';
import type { PlaceUse } from './place-use.ts';
import { Standings, type StandingsOptions } from './standings.ts';
import { type HeldRequest, type LineEnd, SCRIPT_TURN_MS, type Standing, type Waiter } from './waiters.ts';

/** Decides who is let in. `Entry` is what lets a reader in. */
export interface LineGate<Entry> {
  /**
   * @param letIn to be called for each reader who is let in; it takes them out of the line
   * @param isThorough four times a second; otherwise something has happened
   */
  admit(letIn: (waiter: Waiter<Entry>, entry: Entry) => void, isThorough: boolean): void;
}

export interface LineOptions<Entry> extends StandingsOptions<Entry> {
  readonly gate: LineGate<Entry>;
  readonly uses: PlaceUse<Entry>;
  /** Most places of one client here; `Infinity` for no limit. */
  readonly placesPerClient: () => number;
  /** Whether no limit applies to a client. */
  readonly isExempt: (client: string) => boolean;
  readonly random: Random;
  /** Called four times a second while readers wait. */
  readonly onRound: () => void;
  readonly countAdmitted: (admitted: Admitted) => void;
  readonly countLeft: () => void;
}

/** For metrics. */
export interface Admitted {
  readonly place: Place;
  readonly waitedSeconds: number;
  /** How far the time that they were told first was off, as a part of their whole wait; undefined where nothing was measured. */
  readonly etaError: number | undefined;
}

/** A held request is answered within these, even if nothing has changed: proxies give up after 30 s or more. ms */
const HOLD_MS = 20_000;
const HOLD_SPREAD_MS = 6_000;
/** An answer that tells of progress comes no earlier, so that no reader asks more than four times a minute. ms */
const NEWS_MS = 15_000;
/** Progress is shown when a tenth of the readers ahead have gone. */
const NEWS_SHARE = 0.9;
/** How long a reader who asks no more keeps their place here: a phone sleeps a moment, a front starts again. ms */
const GRACE_MS = 60_000;
/** The same for one who has not asked since they got the place: most likely no reader. ms */
const FIRST_GRACE_MS = 15_000;
const ROUND_MS = 250;
const SWEEP_MS = 1_000;
const MAX_WAITERS = 20_000;
const MAX_REQUESTS = 10_000;
const MAX_REQUESTS_PER_PLACE = 3;

export class Line<Entry> {
  readonly #options: LineOptions<Entry>;
  readonly #standings: Standings<Entry>;
  #rounds: NodeJS.Timeout | undefined;
  /** ms, monotonic */
  #sweptAt = 0;
  #isClosed = false;
  #refused = 0;

  constructor(options: LineOptions<Entry>) {
    this.#options = options;
    this.#standings = new Standings(options);
  }

  /** Readers who wait here, those between two requests included. */
  get size(): number {
    return this.#options.waiters.present;
  }

  has(place: Place): boolean {
    return this.#options.waiters.get(place) !== undefined;
  }

  /** How often a client had its most places already. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether one more reader of a client may stand in line here. @param client as `createClientAddress` names it */
  admits(client: string): boolean {
    const { placesPerClient, isExempt } = this.#options;
    // Looked up last: a lookup among ranges costs more than a count.
    if (this.#options.waiters.countOf(client) < placesPerClient() || isExempt(client)) return true;
    this.#refused += 1;
    return false;
  }

  /**
   * Makes sure that a reader is in line. Undefined where the line is as long as it may be.
   * @param client as `createClientAddress` names it
   * @param tried names of nodes that have just sent the reader back
   */
  join(place: Place, client: string, tried: readonly string[] = []): Waiter<Entry> | undefined {
    const { clock } = this.#options;
    const known = this.#options.waiters.get(place);
    if (known === undefined && this.#options.waiters.size >= MAX_WAITERS) return undefined;
    const waiter = known ?? this.#options.waiters.add(place, client, clock.monotonic());
    if (tried.length > 0) {
      waiter.tried = tried;
      waiter.triedAt = clock.now();
    }
    if (this.#rounds === undefined) {
      this.#sweptAt = clock.monotonic();
      this.#rounds = setInterval(() => this.#round(), ROUND_MS).unref();
    }
    return waiter;
  }

  /** Lets a reader who has just joined in, if there is room that belongs to no earlier one; else says how they stand. */
  enter(place: Place): LineEnd<Entry> {
    const waiter = this.#options.waiters.get(place);
    if (waiter === undefined) return this.standing(place);
    let end: LineEnd<Entry> | undefined;
    const request = this.#hold(waiter, (given) => {
      end = given;
    });
    this.admit();
    if (end === undefined) this.#end(waiter, request);
    return end ?? this.standing(place, waiter);
  }

  /**
   * Holds the request of a reader who waits.
   * @param client as `createClientAddress` names it
   * @param response when it closes, the reader does not ask any more
   */
  hold(place: Place, client: string, response: ServerResponse): LineEnd<Entry> | Promise<LineEnd<Entry>> {
    const { uses, clock } = this.#options;
    const entry = uses.entryOf(place, clock.now());
    if (entry !== undefined) return entry;
    const waiter = this.join(place, client);
    const mayHold = !this.#isClosed && this.#options.waiters.requests < MAX_REQUESTS;
    if (waiter === undefined || !mayHold) return this.standing(place, waiter);
    waiter.hasAsked = true;
    if (!wantsPage(response.req)) waiter.turnMs = SCRIPT_TURN_MS;
    const [oldest] = waiter.requests;
    if (oldest !== undefined && waiter.requests.length >= MAX_REQUESTS_PER_PLACE)
      this.#answer(waiter, oldest);
    return new Promise((resolve) => {
      const request = this.#hold(waiter, resolve);
      response.once('close', () => this.#end(waiter, request));
      this.admit();
    });
  }

  /** Lets readers in, if there is room. To be called when there may be. */
  admit(isThorough = false): void {
    this.#options.gate.admit((waiter, entry) => this.#letIn(waiter, entry), isThorough);
  }

  /** Answers all held requests, and holds no further ones, so that their readers can ask elsewhere. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#options.waiters.all())
      for (const request of [...waiter.requests]) this.#answer(waiter, request);
    clearInterval(this.#rounds);
  }

  #hold(waiter: Waiter<Entry>, done: HeldRequest<Entry>['done']): HeldRequest<Entry> {
    const { clock, random } = this.#options;
    const since = clock.monotonic();
    const until = since + HOLD_MS + HOLD_SPREAD_MS * random();
    const request = { since, until, position: this.#standings.positionOf(waiter.place), done };
    this.#options.waiters.hold(waiter, request);
    return request;
  }

  #end(waiter: Waiter<Entry>, request: HeldRequest<Entry>): boolean {
    return this.#options.waiters.end(waiter, request, this.#options.clock.monotonic());
  }

  #answer(waiter: Waiter<Entry>, request: HeldRequest<Entry>): void {
    if (this.#end(waiter, request)) request.done(this.standing(waiter.place, waiter));
  }

  #round(): void {
    const now = this.#options.clock.monotonic();
    this.#options.onRound();
    this.admit(true);
    if (now - this.#sweptAt >= SWEEP_MS) this.#sweep(now);
    this.#answerDue(now);
    if (this.#options.waiters.size > 0) return;
    clearInterval(this.#rounds);
    this.#rounds = undefined;
  }

  /** Forgets readers who ask no more. */
  #sweep(now: number): void {
    const { estimate, elsewhere, countLeft } = this.#options;
    const seconds = (now - this.#sweptAt) / 1_000;
    this.#sweptAt = now;
    const before = this.#options.waiters.size;
    const gone = this.#options.waiters.keep(
      ({ requests, seenAt, hasAsked }) =>
        requests.length > 0 || now - seenAt < (hasAsked ? GRACE_MS : FIRST_GRACE_MS),
    );
    const left = gone.filter(({ hasAsked }) => hasAsked).length;
    for (let each = 0; each < left; each += 1) countLeft();
    // Those who leave here may go on asking elsewhere.
    if (elsewhere.waiting === 0) estimate.countLeaving(before, left, seconds);
    this.#options.waiters.count(now);
  }

  /** Answers requests that were held long enough. A few in each round: a second's at once would hold up all others. */
  #answerDue(now: number): void {
    for (const waiter of this.#options.waiters.all()) {
      for (const request of [...waiter.requests]) {
        const { since, until, position } = request;
        const hasNews =
          now - since >= NEWS_MS &&
          this.#standings.positionOf(waiter.place) <= Math.floor(position * NEWS_SHARE);
        if (now >= until || hasNews) this.#answer(waiter, request);
      }
    }
  }

  #letIn(waiter: Waiter<Entry>, entry: Entry): void {
    const { uses, clock, countAdmitted } = this.#options;
    const { place, told } = waiter;
    this.#options.waiters.remove(waiter);
    uses.use(place, entry, clock.now());
    const waitedSeconds = Math.max(0, clock.now() - place.arrivedAt) / 1_000;
    const took = told === undefined ? 0 : (clock.monotonic() - told.at) / 1_000;
    const etaError =
      told === undefined ? undefined : Math.abs(told.etaSeconds - took) / Math.max(1, waitedSeconds);
    countAdmitted({ place, waitedSeconds, etaError });
    for (const request of [...waiter.requests]) if (this.#end(waiter, request)) request.done(entry);
  }

  /** How a reader stands. @param waiter see `Standings.of` */
  standing(place: Place, waiter?: Waiter<Entry>): Standing {
    return this.#standings.of(place, waiter);
  }
}
