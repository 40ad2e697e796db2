// Where a reader waits whom, as far as we know, no node can take: nodes are asked again at once, and whoever came first
// goes first. Ends with a node for them, or once every node has told, since they came, that it has no room.
//
// A reader whom a node sent back waits here, too, for a moment: what we knew was wrong once, and they are sent about
// three times at most (docs/ARCHITECTURE.md has the simulator's figures).
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { MAX_HOPS } from '../../shared/protocol/ticket.ts';
import type { Fleet, FleetWatcher } from '../nodes/fleet.ts';
import type { NodeView } from '../nodes/node-view.ts';
import type { Dispatcher, Journey, RefusalReason, Sent } from './dispatcher.ts';

export interface WaitingRoomOptions {
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Asks a node for its report now instead of at its turn. */
  readonly askNow: (view: NodeView) => void;
  /** Nobody is held for longer: a node that hangs may not have told by then. ms; 0 holds nobody */
  readonly holdFor: number;
  readonly count: (outcome: WaitOutcome, seconds: number) => void;
}

export type WaitOutcome = 'sent' | 'refused' | 'left';

/** Each holds a connection; whoever comes when it is full is refused at once. */
const ROOM = 4_096;

/** How often those inside are looked after when no report comes. ms */
const ROUND_MS = 50;

/** So long a reader who was sent back waits for every node's word before they are sent by what is known. ms */
const HEAR_MS = 500;

/** A node that was asked so lately is not asked again for those who came since. ms */
const ASK_GAP_MS = 250;

/** In a large fleet the nodes are asked a part each round. */
const ASKED_AT_ONCE = 100;

interface Waiting {
  readonly journey: Journey;
  readonly since: number;
  readonly done: (end: Sent | RefusalReason) => void;
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** Those there is no room for; first come first. */
  #line: Waiting[] = [];
  /** Those who were sent back, until the nodes have told. */
  #hearing: Waiting[] = [];
  #rounds: NodeJS.Timeout | undefined;
  #admitting = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    const watcher: FleetWatcher = { update: () => this.#admit(), remove: () => this.#admit() };
    options.fleet.watch(watcher);
  }

  get size(): number {
    return this.#line.length + this.#hearing.length;
  }

  /**
   * Sends a reader as `Dispatcher.send` does, and at once where that can be; else they wait here.
   * @param response theirs: when it closes they have gone, and no slot may be kept for them
   */
  send(journey: Journey, response: ServerResponse): Sent | RefusalReason | Promise<Sent | RefusalReason> {
    const { dispatcher } = this.#options;
    const wasSentBack = journey.hops > 0 && journey.hops < MAX_HOPS;
    if (wasSentBack && this.#mayHold()) return this.#hold(this.#hearing, journey, response);
    // Whoever waits goes before whoever comes.
    const end = this.#line.length > 0 ? dispatcher.refusalReason() : dispatcher.send(journey);
    const isFinal = typeof end !== 'string' || end === 'no-nodes' || end === 'too-many-hops';
    return isFinal || !this.#mayHold() ? end : this.#hold(this.#line, journey, response);
  }

  #hold(among: Waiting[], journey: Journey, response: ServerResponse): Promise<Sent | RefusalReason> {
    const since = this.#options.clock.now();
    return new Promise((resolve) => {
      const waiting: Waiting = { journey, since, done: resolve };
      among.push(waiting);
      response.once('close', () => this.#leave(waiting));
      this.#rounds ??= setInterval(() => this.#round(), ROUND_MS).unref();
      this.#ask();
    });
  }

  /** Whoever was sent or refused is no longer in line when their answer closes. */
  #leave(waiting: Waiting): void {
    for (const among of [this.#line, this.#hearing]) {
      const place = among.indexOf(waiting);
      if (place < 0) continue;
      among.splice(place, 1);
      this.#count('left', waiting);
    }
    this.#rest();
  }

  #round(): void {
    this.#ask();
    const now = this.#options.clock.now();
    const told = this.#allToldAt();
    const [heard, hearing] = split(this.#hearing, ({ since }) => since < told || since <= now - HEAR_MS);
    this.#hearing = hearing;
    // They came before those who came since, wherever they have been.
    if (heard.length > 0)
      this.#line = [...this.#line, ...heard].sort((one, other) => one.since - other.since);
    this.#admit();
    const late = now - this.#options.holdFor;
    const [refused, line] = split(this.#line, ({ since }) => since < told || since <= late);
    this.#line = line;
    const why = this.#options.dispatcher.refusalReason();
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
      const untried = this.#untriedSince(waiting);
      const sent = full ? undefined : this.#send(waiting.journey, untried);
      if (typeof sent === 'object') {
        this.#end(waiting, sent);
        continue;
      }
      left.push(waiting);
      // Where even one who may go anywhere cannot be sent, nobody behind them can.
      full ||= untried.tried.length === 0;
    }
    this.#line = left;
    this.#admitting = false;
    this.#rest();
  }

  /** To a node they have not tried; where none has room, to one that has told anew. */
  #send(journey: Journey, untried: Journey): Sent | RefusalReason {
    const { dispatcher } = this.#options;
    const sent = dispatcher.send(journey);
    if (typeof sent === 'object' || untried.tried.length === journey.tried.length) return sent;
    return dispatcher.send(untried);
  }

  #end(waiting: Waiting, end: Sent | RefusalReason): void {
    this.#count(typeof end === 'string' ? 'refused' : 'sent', waiting);
    waiting.done(end);
  }

  #count(outcome: WaitOutcome, { since }: Waiting): void {
    const { clock, count } = this.#options;
    // Wall time may be set back meanwhile.
    count(outcome, Math.max(0, clock.now() - since) / 1000);
  }

  /** A node that has told anew since they came may be tried again. */
  #untriedSince({ journey, since }: Waiting): Journey {
    if (journey.tried.length === 0) return journey;
    const { fleet } = this.#options;
    const tried = journey.tried.filter((name) => (fleet.named(name)?.askedAt ?? since) <= since);
    return { ...journey, tried };
  }

  #rest(): void {
    if (this.size > 0 || this.#rounds === undefined) return;
    clearInterval(this.#rounds);
    this.#rounds = undefined;
  }

  /** Asks those who have not told since the last one came. */
  #ask(): void {
    const last = Math.max(this.#line.at(-1)?.since ?? 0, this.#hearing.at(-1)?.since ?? 0);
    const lately = this.#options.clock.now() - ASK_GAP_MS;
    let asked = 0;
    for (const view of this.#options.fleet.views()) {
      if (!mayTell(view) || toldAt(view) > last || view.askedAt > lately) continue;
      this.#options.askNow(view);
      asked += 1;
      if (asked === ASKED_AT_ONCE) return;
    }
  }

  #mayHold(): boolean {
    const { holdFor, fleet, clock } = this.#options;
    if (holdFor === 0 || this.size >= ROOM) return false;
    const now = clock.now();
    for (const view of fleet.views()) if (mayTell(view) && toldAt(view) <= now) return true;
    return false;
  }

  /** When the report was asked for that is the oldest: whoever came before it has had every node's word. */
  #allToldAt(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const view of this.#options.fleet.views())
      if (mayTell(view)) oldest = Math.min(oldest, toldAt(view));
    return oldest;
  }
}

/** One that is silent is asked at its own pace, and nobody is held for it; one not yet heard of is asked already. */
function mayTell({ reachability }: NodeView): boolean {
  return reachability !== 'unreachable';
}

/** A node that sent somebody back since its last report is yet to say how it is. */
function toldAt({ full, askedAt }: NodeView): number {
  return full ? 0 : askedAt;
}

function split<T>(all: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))];
}
