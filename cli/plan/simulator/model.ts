// What a simulation leaves open: when readers arrive, how long they stay, and how a host starts sandboxes. The simple model is that
// of the comparison of placements; that of a plan stands in plan-model.ts.
import type { Clock, Random } from '../../../shared/clock.ts';
import type { Events } from './events.ts';
import type { NodeSize, Scenario } from './scenario.ts';

export interface Model {
  readonly crowd: Crowd;
  createHost(size: NodeSize, load: HostLoad): Host;
  /** From the claim until the sandbox may be ended. ms */
  stayMs(): number;
  /** A node looks as often for sandboxes to end; 0: each is ended in time. ms */
  readonly cullMs: number;
  /** From then until its slot is free. ms */
  readonly removeMs: number;
  /** How long a reader stands in line; 0: there is no line, and those without room are refused. ms */
  readonly patienceMs: number;
  /** Longest wait for a start at a node. ms */
  readonly claimWaitMs: number;
}

export interface Crowd {
  /** The first moment at which somebody may come. ms since the begin; 0 by default */
  readonly firstMs?: number;
  /** Whether somebody comes at this moment. @param elapsed ms since the first */
  comes(elapsed: number): boolean;
  /** Until the next moment at which somebody may come. ms */
  gapMs(): number;
}

/** A host as its node's pool sees it. */
export interface Host {
  /** How many to keep ready. */
  target(): number;
  /** How many may start at one time. */
  limit(): number;
  /** Starts a sandbox. */
  begin(done: () => void): void;
  /** A sandbox was given to a reader. */
  claimed(): void;
  /** How often the target may change by itself; undefined: never. ms */
  readonly everyMs?: number;
}

/** What a host's speed depends on. */
export interface HostLoad {
  /** Sandboxes that readers have. */
  readonly held: number;
}

export interface ModelContext {
  readonly events: Events;
  readonly random: Random;
  readonly clock: Clock;
}

export type CreateModel = (context: ModelContext) => Model;

export interface SimpleScenario extends Omit<Scenario, 'createModel'> {
  /** Time until a sandbox is ready, ± 20 %. */
  readonly startMs: number;
  /** How many a node starts at once. */
  readonly starts: number;
  /** Readers per second, by the time since the first. */
  readonly rate: (ms: number) => number;
  /** The highest `rate`. */
  readonly peak: number;
  /** Mean time a reader stays, beyond ten seconds. */
  readonly sessionMs: number;
}

const SHORTEST_STAY_MS = 10_000;

/** Nodes always keep as many ready as at the begin; a start takes the same time however many there are. */
export function simpleScenario(scenario: SimpleScenario): Scenario {
  const { startMs, starts, rate, peak, sessionMs } = scenario;
  return {
    ...scenario,
    createModel: ({ events, random }) => ({
      crowd: {
        // Thinning (Lewis and Shedler, 1979): a Poisson process whose rate changes.
        comes: (elapsed) => random() * peak < rate(elapsed),
        gapMs: () => exponential(random, 1_000 / peak),
      },
      createHost: ({ warm }) => ({
        target: () => warm,
        limit: () => starts,
        begin: (done) => events.in(around(random, startMs), done),
        claimed: () => undefined,
      }),
      stayMs: () => SHORTEST_STAY_MS + exponential(random, sessionMs),
      ...{ cullMs: 0, removeMs: 0, patienceMs: 0, claimWaitMs: Number.POSITIVE_INFINITY },
    }),
  };
}

export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

/** ± 20 % */
export function around(random: Random, ms: number): number {
  return ms * (0.8 + 0.4 * random());
}
