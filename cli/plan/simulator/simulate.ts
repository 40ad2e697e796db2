// A fleet in simulated time: readers arrive, a redirector sends each to a node, and the node has a warm sandbox or not.
// Discrete events; every number comes from one seeded source, so that a run can be repeated exactly.
import { EPOCH_MS } from '../../../redirector/nodes/pending.ts';
import type { Random } from '../../../shared/clock.ts';
import { Events } from './events.ts';
import { exponential, type Model } from './model.ts';
import { SimulatedNode } from './node.ts';
import { type Reader, Redirector } from './redirector.ts';
import type { Counts, CreateFront, Scenario } from './scenario.ts';

const START = 1_800_000_000_000;
const SETTLE_MS = 5_000;
const END_MS = 3_000;
const LEAST_HAND_OFF_MS = 50;

export function simulate(scenario: Scenario, createFront: CreateFront, random: Random): Counts {
  return new Simulation(scenario, createFront, random).run();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #events: Events;
  readonly #firstAt: number;
  readonly #model: Model;
  readonly #nodes: readonly SimulatedNode[];
  readonly #redirectors: readonly Redirector[];
  readonly #count: Counts = {
    ...{ readers: 0, phantoms: 0, warm: 0, missed: 0, cold: 0, bounced: 0, bouncedAside: 0 },
    ...{
      refused: 0,
      turnedAway: 0,
      waited: 0,
      maxWaitMs: 0,
      inLine: 0,
      coldServed: 0,
      waits: [],
      heldMax: 0,
    },
  };

  constructor(scenario: Scenario, createFront: CreateFront, random: Random) {
    const { nodes, redirectors, pollMs, start = START, settleMs = SETTLE_MS } = scenario;
    const { quietPollMs = pollMs } = scenario;
    this.#scenario = scenario;
    this.#random = random;
    const events = new Events(start);
    this.#events = events;
    this.#firstAt = start + settleMs;
    const clock = { now: () => events.now, monotonic: () => events.now };
    const model = scenario.createModel({ events, random, clock });
    this.#model = model;
    // Another one in each simulation: a plan must not depend on when its nodes happened to be started.
    const cullPhase = model.cullMs === 0 ? 0 : random();
    this.#nodes = nodes.map(
      (size, index) => new SimulatedNode({ size, index, redirectors, events, model, cullPhase }),
    );
    this.#redirectors = Array.from({ length: redirectors }, (_, index) => {
      const key = `r${index}/b`;
      const front = createFront({ clock, random, key, count: nodes.length, pollMs: quietPollMs });
      const redirector: Redirector = new Redirector({
        ...{
          index,
          key,
          front,
          nodes: this.#nodes,
          events,
          random,
          model,
          pollMs,
          quietPollMs,
          count: this.#count,
        },
        travel: (reader, to) => this.#travel(redirector, index, { reader, to }),
        turnAway: () => this.#turnAway(),
      });
      return redirector;
    });
  }

  run(): Counts {
    const { lastMs, endMs = END_MS } = this.#scenario;
    const firstMs = this.#model.crowd.firstMs ?? 0;
    this.#events.in(this.#firstAt - this.#events.now + firstMs, () => this.#next());
    this.#events.runUntil(this.#firstAt + lastMs + endMs);
    return this.#count;
  }

  #next(): void {
    const { lastMs, phantoms = 0 } = this.#scenario;
    const { crowd } = this.#model;
    const elapsed = this.#events.now - this.#firstAt;
    if (elapsed > lastMs) return;
    if (crowd.comes(elapsed)) {
      this.#count.readers += 1;
      const arrivedAt = this.#events.now;
      const reader: Reader = { arrivedAt, tried: [], triedAt: 0, heldSince: undefined, hasStood: false };
      this.#anyRedirector().place(reader);
      // Geometric: for each reader share / (1 − share) of them on average. One that cannot be sent leaves no trace.
      while (phantoms > 0 && this.#random() < phantoms) {
        this.#count.phantoms += 1;
        this.#anyRedirector().sendPhantom();
      }
    }
    this.#events.in(crowd.gapMs(), () => this.#next());
  }

  #anyRedirector(): Redirector {
    const any = this.#redirectors[Math.floor(this.#random() * this.#redirectors.length)];
    if (any === undefined) throw new RangeError('a fleet has at least one redirector');
    return any;
  }

  #turnAway(): void {
    this.#count.turnedAway += 1;
    if (this.#nodes.some(({ room }) => room > 0)) this.#count.refused += 1;
    this.#end();
  }

  #travel(redirector: Redirector, index: number, { reader, to }: { reader: Reader; to: number }): void {
    const { handOffMs, leastHandOffMs = LEAST_HAND_OFF_MS } = this.#scenario;
    const node = this.#nodes[to];
    if (node === undefined) throw new RangeError(`there is no node ${to}`);
    const epoch = Math.floor(this.#events.now / EPOCH_MS);
    node.coming += 1;
    this.#events.in(leastHandOffMs + exponential(this.#random, handOffMs), () => {
      node.coming -= 1;
      node.countTicket(index, epoch);
      this.#arrive(node, redirector, reader);
    });
  }

  #arrive(node: SimulatedNode, redirector: Redirector, reader: Reader): void {
    const count = this.#count;
    if (node.warm > 0) {
      count.warm += 1;
      this.#served(reader);
      node.claimWarm();
      return;
    }
    // This reader could have been served at once.
    const aside = this.#nodes.some(({ warm, coming }) => warm > coming);
    if (aside && reader.tried.length === 0) count.missed += 1;
    if (node.mayWait) {
      count.cold += 1;
      const since = this.#events.now;
      const served = (): void => {
        count.coldServed += 1;
        count.maxWaitMs = Math.max(count.maxWaitMs, this.#events.now - since);
        this.#served(reader);
      };
      node.wait(served, () => this.#bounce(node, redirector, reader));
      return;
    }
    if (aside && reader.tried.length === 0) count.bouncedAside += 1;
    this.#bounce(node, redirector, reader);
  }

  #bounce(node: SimulatedNode, redirector: Redirector, reader: Reader): void {
    this.#count.bounced += 1;
    redirector.placeAgain(reader, node.index);
  }

  #served({ arrivedAt }: Reader): void {
    this.#count.waits.push(this.#events.now - arrivedAt);
    const held = this.#nodes.reduce((sum, node) => sum + node.held, 1);
    this.#count.heldMax = Math.max(this.#count.heldMax, held);
    this.#end();
  }

  #end(): void {
    if (this.#scenario.isDecided?.(this.#count) === true) this.#events.stop();
  }
}
