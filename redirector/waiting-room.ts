// Where a reader waits whom, as far as we know, no node can take: nodes are asked again at once, and whoever came first
// goes first. Ends with a node for them, or once every node has told, since they came, that it has no room.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import type { Dispatcher, Journey, Refusal, Sent } from './dispatch.ts';
import type { Fleet, FleetWatcher } from './fleet.ts';
import type { NodeView } from './node-view.ts';

export interface WaitingRoomOptions {
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Asks a node for its report now instead of at its turn. */
  readonly askNow: (view: NodeView) => void;
  /** Nobody is held for longer: a node that hangs may not have told by then. ms; 0 holds nobody */
  readonly holdFor: number;
  readonly count: (outcome: WaitOutcome) => void;
}

export type WaitOutcome = 'sent' | 'refused' | 'left';

/** Each holds a connection; whoever comes when it is full is refused at once. */
const ROOM = 4_096;

/** How often those inside are looked after when no report comes. ms */
const ROUND_MS = 100;

/** A node that was asked so lately is not asked again for those who came since. ms */
const ASK_GAP_MS = 250;

/** In a large fleet the nodes are asked a part each round. */
const ASKED_AT_ONCE = 100;

interface Waiting {
  readonly journey: Journey;
  readonly since: number;
  readonly done: (end: Sent | Refusal) => void;
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** First come first. */
  #line: Waiting[] = [];
  #rounds: NodeJS.Timeout | undefined;
  #admitting = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    const watcher: FleetWatcher = { update: () => this.#admit(), remove: () => this.#admit() };
    options.fleet.watch(watcher);
  }

  get size(): number {
    return this.#line.length;
  }

  /**
   * Sends a reader as `Dispatcher.send` does, and at once where that can be; else they wait here.
   * @param response theirs: when it closes they have gone, and no slot may be kept for them
   */
  send(journey: Journey, response: ServerResponse): Sent | Refusal | Promise<Sent | Refusal> {
    const { dispatcher, clock, holdFor } = this.#options;
    // Whoever waits goes before whoever comes.
    const end = this.#line.length > 0 ? dispatcher.whyNot() : dispatcher.send(journey);
    if (typeof end !== 'string' || end === 'no-nodes' || end === 'too-many-hops') return end;
    const since = clock.now();
    if (holdFor === 0 || this.#line.length >= ROOM || !this.#isAnyoneToTell(since)) return end;
    return new Promise((resolve) => {
      const waiting: Waiting = { journey, since, done: resolve };
      this.#line.push(waiting);
      response.once('close', () => this.#leave(waiting));
      this.#rounds ??= setInterval(() => this.#round(), ROUND_MS).unref();
      this.#ask();
      this.#admit();
    });
  }

  /** Whoever was sent or refused is no longer in line when their answer closes. */
  #leave(waiting: Waiting): void {
    const place = this.#line.indexOf(waiting);
    if (place < 0) return;
    this.#line.splice(place, 1);
    this.#options.count('left');
    this.#rest();
  }

  #round(): void {
    this.#ask();
    this.#admit();
    const told = this.#allToldAt();
    const late = this.#options.clock.now() - this.#options.holdFor;
    const refused = this.#line.filter(({ since }) => since < told || since <= late);
    if (refused.length === 0) return;
    this.#line = this.#line.filter((waiting) => !refused.includes(waiting));
    const why = this.#options.dispatcher.whyNot();
    for (const waiting of refused) this.#end(waiting, why);
    this.#rest();
  }

  /** Lets in as many as there is room for, in order. */
  #admit(): void {
    // Sending one changes a node's view, which is why we would be called again.
    if (this.#line.length === 0 || this.#admitting) return;
    this.#admitting = true;
    const left: Waiting[] = [];
    let full = false;
    for (const waiting of this.#line) {
      const journey = this.#untriedSince(waiting);
      const sent = full ? undefined : this.#options.dispatcher.send(journey);
      if (typeof sent === 'object') {
        this.#end(waiting, sent);
        continue;
      }
      left.push(waiting);
      // Where even one who may go anywhere cannot be sent, nobody behind them can.
      full ||= journey.tried.length === 0;
    }
    this.#line = left;
    this.#admitting = false;
    this.#rest();
  }

  #end(waiting: Waiting, end: Sent | Refusal): void {
    this.#options.count(typeof end === 'string' ? 'refused' : 'sent');
    waiting.done(end);
  }

  /** A node that has told anew since they came may be tried again. */
  #untriedSince({ journey, since }: Waiting): Journey {
    if (journey.tried.length === 0) return journey;
    const { fleet } = this.#options;
    const tried = journey.tried.filter((name) => (fleet.named(name)?.askedAt ?? since) <= since);
    return { ...journey, tried };
  }

  #rest(): void {
    if (this.#line.length > 0 || this.#rounds === undefined) return;
    clearInterval(this.#rounds);
    this.#rounds = undefined;
  }

  /** Asks those who have not told since the last one came. */
  #ask(): void {
    const last = this.#line.at(-1)?.since;
    if (last === undefined) return;
    const lately = this.#options.clock.now() - ASK_GAP_MS;
    let asked = 0;
    for (const view of this.#options.fleet.views()) {
      if (!mayTell(view) || view.askedAt > last || view.askedAt > lately) continue;
      this.#options.askNow(view);
      asked += 1;
      if (asked === ASKED_AT_ONCE) return;
    }
  }

  #isAnyoneToTell(since: number): boolean {
    for (const view of this.#options.fleet.views()) if (mayTell(view) && view.askedAt <= since) return true;
    return false;
  }

  /** When the report was asked for that is the oldest: whoever came before it has had every node's word. */
  #allToldAt(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const view of this.#options.fleet.views())
      if (mayTell(view)) oldest = Math.min(oldest, view.askedAt);
    return oldest;
  }
}

/** One that is silent is asked at its own pace, and nobody is held for it; one not yet heard of is asked already. */
function mayTell({ answers }: NodeView): boolean {
  return answers !== 'unreachable';
}
