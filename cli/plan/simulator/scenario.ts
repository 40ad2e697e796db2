// What is simulated, and what came of it. Times in ms.
import type { Clock, Random } from '../../../shared/clock.ts';
import type { NodeStats } from '../../../shared/protocol/wire.ts';

export interface NodeSize {
  readonly capacity: number;
  /** How many it keeps ready. */
  readonly warm: number;
}

export interface Scenario {
  readonly name: string;
  readonly nodes: readonly NodeSize[];
  readonly redirectors: number;
  /** Interval of each redirector's polls of a node, ± 20 %. */
  readonly pollMs: number;
  /** Time until a sandbox is ready, ± 20 %. */
  readonly startMs: number;
  /** How many a node starts at once. */
  readonly starts: number;
  /** Readers per second, by the time since the first. */
  readonly rate: (ms: number) => number;
  /** The highest `rate`. */
  readonly peak: number;
  /** How long readers arrive. */
  readonly lastMs: number;
  /** Mean time from the redirect to the click's arrival at the node, beyond 50 ms. */
  readonly handOffMs: number;
  /** Mean time a reader stays. */
  readonly sessionMs: number;
  /** Share of all requests that nobody follows: counted as readers on their way, they never arrive. */
  readonly phantoms?: number;
}

export interface Counts {
  readers: number;
  phantoms: number;
  warm: number;
  missed: number;
  cold: number;
  bounced: number;
  bouncedAside: number;
  refused: number;
  turnedAway: number;
  waited: number;
  maxWaitMs: number;
}

/**
 * One redirector: receives reports, sends readers. `holds`: readers without a node wait until all nodes have reported
 * again; nodes that bounced a reader meanwhile must report once more.
 */
export interface Front {
  readonly holds?: boolean;
  report(index: number, stats: NodeStats, askedAt: number): void;
  send(tried: readonly number[]): number | undefined;
  mayTellMore?(): boolean;
  sendByReport?(tried: readonly number[], since: number): number | undefined;
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
