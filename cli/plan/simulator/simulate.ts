// A fleet in simulated time: readers arrive, a redirector sends each to a node, and the node has a warm sandbox or not.
// Discrete events; every number comes from one seeded source, so that a run can be repeated exactly.
import { EPOCH_MS } from '../../../redirector/nodes/pending.ts';
import type { Random } from '../../../shared/clock.ts';
import { MAX_HOPS } from '../../../shared/protocol/ticket.ts';
import { Events } from './events.ts';
import { countTicket, createNode, reportOf, type SimulatedNode } from './node.ts';
import type { Counts, CreateFront, Front, Scenario } from './scenario.ts';

const START = 1_800_000_000_000;
/** Time before the first reader, in which every node reports. ms */
const SETTLE_MS = 5_000;
/** After the last reader. ms */
const END_MS = 3_000;
const POLL_TRIP_MS = 10;
/** A front that holds readers polls all nodes again, at most this often. ms */
const ASK_GAP_MS = 250;
const HOLD_MS = 3_000;

export function simulate(scenario: Scenario, createFront: CreateFront, random: Random): Counts {
  return new Simulation(scenario, createFront, random).run();
}

interface Held {
  readonly tried: readonly number[];
  readonly since: number;
}

interface Redirector {
  readonly index: number;
  readonly key: string;
  readonly front: Front;
  /** Readers who wait until every node has reported again. */
  held: Held[];
  askedAt: number;
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #events = new Events(START);
  readonly #nodes: readonly SimulatedNode[];
  readonly #redirectors: readonly Redirector[];
  readonly #count: Counts = {
    ...{ readers: 0, phantoms: 0, warm: 0, missed: 0, cold: 0, bounced: 0, bouncedAside: 0 },
    ...{ refused: 0, turnedAway: 0, waited: 0, maxWaitMs: 0 },
  };

  constructor(scenario: Scenario, createFront: CreateFront, random: Random) {
    const { nodes, redirectors, pollMs } = scenario;
    this.#scenario = scenario;
    this.#random = random;
    this.#nodes = nodes.map((size, index) => createNode(size, index, redirectors));
    const clock = { now: () => this.#events.now, monotonic: () => this.#events.now };
    this.#redirectors = Array.from({ length: redirectors }, (_, index) => {
      const key = `r${index}/b`;
      const front = createFront({ clock, random, key, count: nodes.length, pollMs });
      const redirector = { index, key, front, held: [], askedAt: 0 };
      for (const node of this.#nodes) this.#pollFromNowOn(redirector, node);
      return redirector;
    });
  }

  run(): Counts {
    const { lastMs } = this.#scenario;
    this.#events.in(SETTLE_MS, () => this.#next());
    this.#events.runUntil(START + SETTLE_MS + lastMs + END_MS);
    return this.#count;
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#random()) * mean;
  }

  #around(ms: number): number {
    return ms * (0.8 + 0.4 * this.#random());
  }

  #pollFromNowOn(redirector: Redirector, node: SimulatedNode): void {
    const { pollMs } = this.#scenario;
    const poll = (): void => {
      this.#ask(redirector, node);
      this.#events.in(this.#around(pollMs), poll);
    };
    this.#events.in(0, () => {
      redirector.front.report(node.index, this.#reportOf(redirector, node), this.#events.now);
      this.#events.in(this.#random() * pollMs, poll);
    });
  }

  #ask(redirector: Redirector, node: SimulatedNode): void {
    const askedAt = this.#events.now;
    this.#events.in(POLL_TRIP_MS, () => {
      const report = this.#reportOf(redirector, node);
      this.#events.in(POLL_TRIP_MS, () => redirector.front.report(node.index, report, askedAt));
    });
  }

  #reportOf({ key, index }: Redirector, node: SimulatedNode): ReturnType<typeof reportOf> {
    return reportOf(node, { key, redirector: index, now: this.#events.now });
  }

  #next(): void {
    const { lastMs, peak, rate, phantoms = 0 } = this.#scenario;
    const elapsed = this.#events.now - START - SETTLE_MS;
    if (elapsed > lastMs) return;
    // Thinning (Lewis and Shedler, 1979): a Poisson process whose rate changes.
    if (this.#random() * peak < rate(elapsed)) {
      this.#count.readers += 1;
      this.#place(this.#anyRedirector(), []);
      // Geometric: for each reader share / (1 − share) of them on average. One that cannot be sent leaves no trace.
      while (phantoms > 0 && this.#random() < phantoms) {
        this.#count.phantoms += 1;
        this.#anyRedirector().front.send([]);
      }
    }
    this.#events.in(this.#exponential(1_000 / peak), () => this.#next());
  }

  #anyRedirector(): Redirector {
    const any = this.#redirectors[Math.floor(this.#random() * this.#redirectors.length)];
    if (any === undefined) throw new RangeError('a fleet has at least one redirector');
    return any;
  }

  /** @param since when this front first held the reader, if it did */
  #place(redirector: Redirector, tried: readonly number[], since?: number): void {
    const { front } = redirector;
    const mayBeSent = tried.length < MAX_HOPS;
    // As in the product's waiting room: a bounced reader is sent on once the nodes have reported again.
    const hears = front.holds === true && tried.length > 0 && since === undefined;
    const index = mayBeSent && !hears ? send(front, tried, since !== undefined) : undefined;
    if (index !== undefined) {
      this.#travel(redirector, index, tried);
      return;
    }
    const mayHope =
      since === undefined || (front.mayTellMore?.() === true && this.#events.now - since < HOLD_MS);
    if (front.holds === true && mayHope && mayBeSent) {
      this.#hold(redirector, tried, since);
      return;
    }
    const late =
      since !== undefined && front.holds === true && mayBeSent
        ? front.sendByReport?.(tried, since)
        : undefined;
    if (late !== undefined) {
      this.#travel(redirector, late, tried);
      return;
    }
    this.#count.turnedAway += 1;
    if (this.#nodes.some(hasRoom)) this.#count.refused += 1;
  }

  #travel(redirector: Redirector, index: number, tried: readonly number[]): void {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    const epoch = Math.floor(this.#events.now / EPOCH_MS);
    node.coming += 1;
    this.#events.in(50 + this.#exponential(this.#scenario.handOffMs), () => {
      node.coming -= 1;
      countTicket(node, redirector.index, epoch);
      this.#arrive(node, redirector, tried);
    });
  }

  /** Waits until every node has reported again, as the product's waiting room does. */
  #hold(redirector: Redirector, tried: readonly number[], since = this.#events.now): void {
    if (since === this.#events.now) this.#count.waited += 1;
    redirector.held.push({ tried, since });
    if (redirector.held.length > 1) return;
    this.#events.in(Math.max(0, redirector.askedAt + ASK_GAP_MS - this.#events.now), () => {
      redirector.askedAt = this.#events.now;
      const held = redirector.held.splice(0);
      for (const node of this.#nodes) this.#ask(redirector, node);
      this.#events.in(2 * POLL_TRIP_MS + 1, () => {
        for (const reader of held) this.#place(redirector, reader.tried, reader.since);
      });
    });
  }

  #arrive(node: SimulatedNode, redirector: Redirector, tried: readonly number[]): void {
    const count = this.#count;
    if (node.warm > 0) {
      node.warm -= 1;
      count.warm += 1;
      this.#stay(node);
      return;
    }
    // This reader could have been served at once.
    const aside = this.#nodes.some(({ warm, coming }) => warm > coming);
    if (aside && tried.length === 0) count.missed += 1;
    if (node.held + node.line.length < node.capacity) {
      count.cold += 1;
      node.line.push(this.#events.now);
      this.#refill(node);
      return;
    }
    count.bounced += 1;
    if (aside && tried.length === 0) count.bouncedAside += 1;
    this.#place(redirector, [...tried, node.index]);
  }

  #stay(node: SimulatedNode): void {
    node.held += 1;
    this.#refill(node);
    this.#events.in(10_000 + this.#exponential(this.#scenario.sessionMs), () => {
      node.held -= 1;
      this.#refill(node);
    });
  }

  #refill(node: SimulatedNode): void {
    const { starts, startMs } = this.#scenario;
    const wanted = Math.min(node.capacity - node.held, node.target + node.line.length);
    while (node.starting < starts && node.warm + node.starting < wanted) {
      node.starting += 1;
      this.#events.in(this.#around(startMs), () => {
        node.starting -= 1;
        const since = node.line.shift();
        if (since === undefined) node.warm += 1;
        else {
          this.#count.maxWaitMs = Math.max(this.#count.maxWaitMs, this.#events.now - since);
          this.#stay(node);
        }
        this.#refill(node);
      });
    }
  }
}

/** A node that was tried and has reported again may be tried again, when no other node has room. */
function send(front: Front, tried: readonly number[], hasToldAgain: boolean): number | undefined {
  return front.send(tried) ?? (hasToldAgain && tried.length > 0 ? front.send([]) : undefined);
}

function hasRoom({ held, line, coming, capacity }: SimulatedNode): boolean {
  return held + line.length + coming < capacity;
}
