// What is simulated, and what came of it. Times in ms.
import type { Clock, Random } from '../../../shared/clock.ts';
import type { NodeStats } from '../../../shared/protocol/wire.ts';
import type { CreateModel } from './model.ts';

export interface NodeSize {
  readonly capacity: number;
  /** How many are ready at the begin. */
  readonly warm: number;
}

export interface Scenario {
  readonly nodes: readonly NodeSize[];
  readonly redirectors: number;
  /** Interval of each redirector's polls of a node, ± 20 %. */
  readonly pollMs: number;
  /** A node that has nothing new to tell is polled as seldom as this, and fronts trust its last report as long. */
  readonly quietPollMs?: number;
  /** How long readers arrive. */
  readonly lastMs: number;
  /** Time from a redirect to the click's arrival at the node: the shortest, and how much longer it is on average. */
  readonly handOffMs: number;
  readonly leastHandOffMs?: number;
  /** share of all requests that are not followed: counted as readers on their way, they never arrive. */
  readonly phantoms?: number;
  /** When the simulated time begins, ms since 1970. */
  readonly start?: number;
  /** Time before the first reader, in which every node reports, and prepares for what is booked. */
  readonly settleMs?: number;
  /** Time after the last reader. */
  readonly endMs?: number;
  readonly createModel: CreateModel;
  /** Looked at whenever a reader is served or refused; true ends the simulation. */
  readonly isDecided?: (counts: Counts) => boolean;
}

export interface Counts {
  readers: number;
  phantoms: number;
  warm: number;
  missed: number;
  cold: number;
  bounced: number;
  bouncedAside: number;
  /** While a node had room. */
  refused: number;
  turnedAway: number;
  waited: number;
  maxWaitMs: number;
  /** Readers who got a sandbox that was started for them. */
  coldServed: number;
  /** Who got a place in line. */
  inLine: number;
  /** From each served reader's click until they have a sandbox. */
  readonly waits: number[];
  /** Most sandboxes that readers had at a time, over all nodes. */
  heldMax: number;
}

/**
 * One redirector: receives reports, sends readers. `holds`: readers without a node wait until all nodes have reported
 * again; nodes that bounced a reader meanwhile must report once more.
 */
export interface Front {
  readonly holds?: boolean;
  report(index: number, stats: NodeStats, askedAt: number): void;
  /** Where several nodes were tried, the last one has just sent the reader back. */
  send(tried: readonly number[]): number | undefined;
  mayTellMore?(): boolean;
  sendByReport?(tried: readonly number[], since: number): number | undefined;
  /** What a line needs; see `FrontLine`. */
  readonly line?: LineView;
}

export interface LineView {
  /** A node has sent a reader back. */
  markFull(index: number): void;
  /** As `Front.send`, for a reader whose nodes that were tried are marked already. */
  send(tried: readonly number[]): number | undefined;
  reportsWarm(): boolean;
  /** When the node's last report was requested. */
  askedAt(index: number): number;
}

/** What a front works with. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** Under which nodes report the tickets of this front. */
  readonly key: string;
  /** Of nodes. */
  readonly count: number;
  readonly pollMs: number;
}

export type CreateFront = (surroundings: Surroundings) => Front;
