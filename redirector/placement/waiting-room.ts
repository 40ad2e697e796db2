// Holds readers that no node can currently take, polls the nodes again at once, and admits the readers first in, first out.
// A reader is refused once every reachable node has reported, since the reader arrived, that it is full. While a report
// shows a warm sandbox that others are said to be on their way to, the reader is held; where the sandbox is still there when
// the hold is over, the reader is sent to it.
//
// A bounced reader waits here for fresh reports, too: the last ones were wrong once, and a reader is bounced MAX_HOPS times
// at most.

import type { ServerResponse } from 'node:http';
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { Clock } from '../../shared/clock.ts';
import { MAX_HOPS } from '../../shared/protocol/ticket.ts';
import type { Fleet, FleetWatcher } from '../nodes/fleet.ts';
import type { NodeView } from '../nodes/node-view.ts';
import { ARRIVAL_MS } from '../nodes/pending.ts';
import type { Dispatcher, Journey, Sent } from './dispatcher.ts';
import { warmIn } from './last-reports.ts';

export interface WaitingRoomOptions {
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Polls a node now instead of at its turn. */
  readonly askNow: (view: NodeView) => void;
  /** Longest time a reader is held, as a node that hangs does not report. ms; 0 holds no reader */
  readonly config: { readonly holdForMs: number };
  /** Whether all room there is belongs to readers in line. */
  readonly isOwed?: () => boolean;
  readonly count: (outcome: WaitOutcome, seconds: number) => void;
}

export type WaitOutcome = 'sent' | 'refused' | 'left';

/** Most readers held at a time, each with a connection; further ones are refused at once. */
const MAX_HELD = 4_096;

/** How often the line is checked while no report comes. ms */
const ROUND_MS = 50;

/** Longest time a bounced reader waits for fresh reports before being placed on the last known ones. ms */
const MAX_REPORT_WAIT_MS = 500;

/** Least time between two polls of one node for the sake of waiting readers. ms */
const POLL_GAP_MS = 250;

/** Most nodes polled in one round; a large fleet takes several. */
const POLLED_AT_ONCE = 100;

interface Waiting {
  readonly journey: Journey;
  readonly since: number;
  readonly done: (end: Sent | RefusalReason) => void;
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  /** Readers without room, first come first. */
  #line: Waiting[] = [];
  /** Bounced readers, until the nodes have reported. */
  #bounced: Waiting[] = [];
  #rounds: NodeJS.Timeout | undefined;
  #admitting = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    const watcher: FleetWatcher = { update: () => this.#admit(), remove: () => this.#admit() };
    options.fleet.watch(watcher);
  }

  get size(): number {
    return this.#line.length + this.#bounced.length;
  }

  /**
   * Sends a reader as `Dispatcher.send` does, at once where possible; else they wait here.
   * @param response the reader's: when it closes the reader has gone, and no slot may be kept for them
   */
  send(journey: Journey, response: ServerResponse): Sent | RefusalReason | Promise<Sent | RefusalReason> {
    const { dispatcher } = this.#options;
    const wasSentBack = journey.hops > 0 && journey.hops < MAX_HOPS;
    if (wasSentBack && this.#mayHold()) return this.#hold(this.#bounced, journey, response);
    // Waiting readers go before new ones.
    const end =
      this.#line.length > 0 || this.#isOwed() ? dispatcher.refusalReason() : dispatcher.send(journey);
    const isFinal = typeof end !== 'string' || end === 'no-nodes' || end === 'too-many-hops';
    if (isFinal) return end;
    if (this.#mayHold()) return this.#hold(this.#line, journey, response);
    // Too many are held already. Where holding is off, nothing is known that is newer than the estimate.
    const { clock, config } = this.#options;
    const { holdForMs } = config;
    return holdForMs === 0 || this.#isOwed()
      ? end
      : dispatcher.sendByReport(journey, clock.now() - ARRIVAL_MS);
  }

  #isOwed(): boolean {
    return this.#options.isOwed?.() ?? false;
  }

  #hold(among: Waiting[], journey: Journey, response: ServerResponse): Promise<Sent | RefusalReason> {
    const since = this.#options.clock.now();
    return new Promise((resolve) => {
      const waiting: Waiting = { journey, since, done: resolve };
      among.push(waiting);
      response.once('close', () => this.#leave(waiting));
      this.#rounds ??= setInterval(() => this.#round(), ROUND_MS).unref();
      this.#poll();
    });
  }

  /** No effect for readers who were sent or refused: they are not in line any more when their response closes. */
  #leave(waiting: Waiting): void {
    for (const among of [this.#line, this.#bounced]) {
      const place = among.indexOf(waiting);
      if (place < 0) continue;
      among.splice(place, 1);
      this.#count('left', waiting);
    }
    this.#rest();
  }

  #round(): void {
    this.#poll();
    const now = this.#options.clock.now();
    const reported = this.#allReportedAt();
    const [ready, bounced] = split(
      this.#bounced,
      ({ since }) => since < reported || since <= now - MAX_REPORT_WAIT_MS,
    );
    this.#bounced = bounced;
    // By arrival: some came before readers who are in line already.
    if (ready.length > 0)
      this.#line = [...this.#line, ...ready].sort((one, other) => one.since - other.since);
    this.#admit();
    const late = now - this.#options.config.holdForMs;
    const { dispatcher } = this.#options;
    const mayHope = dispatcher.reportsWarm() && !this.#isOwed();
    const [ended, line] = split(this.#line, ({ since }) => since <= late || (since < reported && !mayHope));
    this.#line = line;
    for (const waiting of ended)
      this.#end(waiting, mayHope ? this.#sendLate(waiting) : dispatcher.refusalReason());
    this.#rest();
  }

  /** Lets in as many as there is room for, in order. */
  #admit(): void {
    // Sending one changes a node's view, which is why we would be called again.
    if (this.#line.length === 0 || this.#admitting || this.#isOwed()) return;
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
      // Where a reader who has tried no node cannot be sent, none behind them can.
      full ||= untried.tried.length === 0;
    }
    this.#line = left;
    this.#admitting = false;
    this.#rest();
  }

  /** To a node the reader has not tried; where none has room, to one that has reported since. */
  #send(journey: Journey, untried: Journey): Sent | RefusalReason {
    const { dispatcher } = this.#options;
    const sent = dispatcher.send(journey);
    if (typeof sent === 'object' || untried.tried.length === journey.tried.length) return sent;
    return dispatcher.send(untried);
  }

  #sendLate(waiting: Waiting): Sent | RefusalReason {
    return this.#options.dispatcher.sendByReport(this.#untriedSince(waiting), waiting.since);
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

  /** A node that has reported since the reader arrived may be tried again. */
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

  /** Polls the nodes that have not reported since the last reader arrived, and those whose warm sandboxes may be taken now. */
  #poll(): void {
    const last = Math.max(this.#line.at(-1)?.since ?? 0, this.#bounced.at(-1)?.since ?? 0);
    const lately = this.#options.clock.now() - POLL_GAP_MS;
    let polled = 0;
    for (const view of this.#options.fleet.views()) {
      if (!isPolled(view) || view.askedAt > lately || (reportedAt(view) > last && warmIn(view) === 0))
        continue;
      this.#options.askNow(view);
      polled += 1;
      if (polled === POLLED_AT_ONCE) return;
    }
  }

  #mayHold(): boolean {
    const { config, fleet, clock } = this.#options;
    const { holdForMs } = config;
    if (holdForMs === 0 || this.size >= MAX_HELD) return false;
    const now = clock.now();
    for (const view of fleet.views()) if (isPolled(view) && reportedAt(view) <= now) return true;
    return false;
  }

  /** When the oldest of the nodes' last reports was requested: readers who arrived before have fresh reports of all nodes. */
  #allReportedAt(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const view of this.#options.fleet.views())
      if (isPolled(view)) oldest = Math.min(oldest, reportedAt(view));
    return oldest;
  }
}

/** An unreachable node is polled at its own pace, and no reader is held for it; one without a report yet is being polled. */
function isPolled({ reachability }: NodeView): boolean {
  return reachability !== 'unreachable';
}

/** When the node's last report was requested; 0 where it has bounced a reader since. */
function reportedAt({ full, askedAt }: NodeView): number {
  return full ? 0 : askedAt;
}

function split<T>(all: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))];
}
