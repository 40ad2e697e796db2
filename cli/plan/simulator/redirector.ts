// A redirector in a simulation: polls the nodes, sends readers by its front's choice, holds those who have no node until all nodes
// have reported again, and then lets them stand in line.
import type { Random } from '../../../shared/clock.ts';
import { MAX_HOPS } from '../../../shared/protocol/ticket.ts';
import type { Events } from './events.ts';
import { FrontLine, type InLine } from './front-line.ts';
import { around, type Model } from './model.ts';
import type { SimulatedNode } from './node.ts';
import type { Counts, Front } from './scenario.ts';

const POLL_TRIP_MS = 10;
/** A front that holds readers polls all nodes again, at most this often. ms */
const ASK_GAP_MS = 250;
const HOLD_MS = 3_000;
/** While readers stand in line, each node is polled at least this often. ms */
const LINE_POLL_MS = 1_000;

/** A reader on their way to a sandbox. */
export interface Reader extends InLine {
  /** When the front first held them, for this bounce. */
  heldSince: number | undefined;
  /** Whether they have got a place in line. */
  hasStood: boolean;
}

export interface RedirectorOptions {
  readonly index: number;
  /** Under which nodes report its tickets. */
  readonly key: string;
  readonly front: Front;
  readonly nodes: readonly SimulatedNode[];
  readonly events: Events;
  readonly random: Random;
  readonly model: Model;
  /** ms, ± 20 % */
  readonly pollMs: number;
  /** A node that has nothing new to tell is polled as seldom as this, which saves time; the default is `pollMs`. */
  readonly quietPollMs: number;
  readonly count: Pick<Counts, 'waited' | 'inLine'>;
  readonly travel: (reader: Reader, index: number) => void;
  readonly turnAway: () => void;
}

export class Redirector {
  readonly #options: RedirectorOptions;
  readonly #line: FrontLine<Reader>;
  /** Readers who wait until every node has reported again. */
  #held: Reader[] = [];
  /** When all nodes were last asked for their sake, and when each was asked by itself. */
  #askedAt = 0;
  readonly #asked: number[] = [];
  /** The version of each node's last report. */
  readonly #told: number[] = [];

  constructor(options: RedirectorOptions) {
    const { front, nodes, events, model, travel, turnAway } = options;
    this.#options = options;
    this.#line = new FrontLine({
      ...{ front, events, patienceMs: model.patienceMs, letIn: travel, gaveUp: turnAway },
      pollSoon: () => this.#pollSoon(),
    });
    for (const node of nodes) this.#pollFromNowOn(node);
  }

  /** Sends a reader on their way, or lets them wait for a node. */
  place(reader: Reader): void {
    const { front, events, travel } = this.#options;
    const { tried, heldSince: since } = reader;
    if (this.#line.length > 0) {
      this.#standInLine(reader);
      return;
    }
    const mayBeSent = tried.length < MAX_HOPS;
    // As in the product's waiting room: a bounced reader is sent on once the nodes have reported again.
    const hears = front.holds === true && tried.length > 0 && since === undefined;
    const index = mayBeSent && !hears ? this.#send(tried, since !== undefined) : undefined;
    const mayHope = since === undefined || (front.mayTellMore?.() === true && events.now - since < HOLD_MS);
    if (index !== undefined) travel(reader, index);
    else if (front.holds === true && mayHope && mayBeSent) this.#hold(reader);
    else this.#sendLate(reader, mayBeSent);
  }

  /** A node has sent the reader back. */
  placeAgain(reader: Reader, index: number): void {
    const { front, events, model } = this.#options;
    reader.tried = [...reader.tried, index];
    reader.triedAt = events.now;
    reader.heldSince = undefined;
    if (model.patienceMs > 0) front.line?.markFull(index);
    this.place(reader);
  }

  /** Somebody follows no redirect. */
  sendPhantom(): void {
    this.#options.front.send([]);
  }

  /** A node that was tried and has reported again may be tried again, when no other node has room. */
  #send(tried: readonly number[], hasToldAgain: boolean): number | undefined {
    const { front } = this.#options;
    return front.send(tried) ?? (hasToldAgain && tried.length > 0 ? front.send([]) : undefined);
  }

  /** By the last reports; else into the line. */
  #sendLate(reader: Reader, mayBeSent: boolean): void {
    const { front, model, travel, turnAway } = this.#options;
    const { tried, heldSince: since } = reader;
    const mayBeLate = since !== undefined && front.holds === true && mayBeSent;
    const index = mayBeLate ? front.sendByReport?.(tried, since) : undefined;
    if (index !== undefined) travel(reader, index);
    else if (model.patienceMs > 0) this.#standInLine(reader);
    else turnAway();
  }

  #standInLine(reader: Reader): void {
    if (!reader.hasStood) this.#options.count.inLine += 1;
    reader.hasStood = true;
    this.#line.join(reader);
  }

  /** Waits until every node has reported again, as the product's waiting room does. */
  #hold(reader: Reader): void {
    const { nodes, events, count } = this.#options;
    if (reader.heldSince === undefined) count.waited += 1;
    reader.heldSince ??= events.now;
    this.#held.push(reader);
    if (this.#held.length > 1) return;
    events.in(Math.max(0, this.#askedAt + ASK_GAP_MS - events.now), () => {
      this.#askedAt = events.now;
      const held = this.#held.splice(0);
      for (const node of nodes) this.#ask(node);
      events.in(2 * POLL_TRIP_MS + 1, () => {
        for (const each of held) this.place(each);
      });
    });
  }

  #pollFromNowOn(node: SimulatedNode): void {
    const { events, random, pollMs, front, key, index } = this.#options;
    const poll = (): void => {
      if (this.#hasNews(node)) this.#ask(node);
      events.in(around(random, pollMs), poll);
    };
    events.in(0, () => {
      front.report(node.index, node.report(key, index), events.now);
      events.in(random() * pollMs, poll);
    });
  }

  #hasNews({ index, coming, version }: SimulatedNode): boolean {
    const { events, pollMs, quietPollMs } = this.#options;
    if (quietPollMs <= pollMs || coming > 0 || version !== this.#told[index]) return true;
    return events.now - (this.#asked[index] ?? 0) >= quietPollMs - pollMs;
  }

  #ask(node: SimulatedNode): void {
    const { events, front, key, index } = this.#options;
    const askedAt = events.now;
    this.#asked[node.index] = askedAt;
    events.in(POLL_TRIP_MS, () => {
      const report = node.report(key, index);
      this.#told[node.index] = node.version;
      events.in(POLL_TRIP_MS, () => {
        front.report(node.index, report, askedAt);
        this.#line.admit();
      });
    });
  }

  #pollSoon(): void {
    const { nodes, events } = this.#options;
    const due = events.now - LINE_POLL_MS;
    for (const node of nodes)
      if ((this.#asked[node.index] ?? 0) <= due && this.#hasNews(node)) this.#ask(node);
  }
}
