// The status of a pool, for the node's report, for metrics and for operators.
import type { Counts, SandboxTable } from '../sandboxes/table.ts';
import type { Sizing } from '../sizing/sizing.ts';
import type { Claims } from './claims.ts';
import type { ImageRollout } from './image-rollout.ts';
import type { Launcher } from './launcher.ts';
import { coldRoom } from './plan.ts';
import type { PoolSettings } from './types.ts';

export interface PoolStatus extends Counts {
  /** Readers who wait for a start. */
  readonly waiting: number;
  /** Slots in which a sandbox could still be started for a new reader. */
  readonly cold: number;
  /** Why the host cannot start sandboxes; an operator's pause is not included. */
  readonly withheld: string | undefined;
  /** `withheld`, or the reason why starts fail. */
  readonly problem: string | undefined;
  /** How many sandboxes should be ready and unclaimed. */
  readonly warmTarget: number;
  /** How many sandboxes may start at one time. */
  readonly startConcurrency: number;
  /** How many sandboxes are yet to be replaced. */
  readonly stale: number;
  /** The identity of the image that sandboxes are started from. */
  readonly image: string;
  /** This and the following count since the start of the program. */
  readonly claims: number;
  /** Removals that the engine refused or failed; each is tried again. */
  readonly failedRemovals: number;
  /** Newer images that did not start. */
  readonly imagesGivenUp: number;
}

export interface PoolParts {
  readonly settings: PoolSettings;
  readonly table: SandboxTable;
  readonly claims: Claims;
  readonly launcher: Launcher;
  readonly sizing: Sizing;
  readonly rollout: ImageRollout;
  readonly withheld: string | undefined;
}

export function readStatus(parts: PoolParts): PoolStatus {
  const { settings, table, claims, launcher, sizing, rollout, withheld } = parts;
  const { capacity, paused } = settings;
  const counts = table.counts();
  const problem = withheld ?? launcher.problem;
  const { waiting } = claims;
  return {
    ...counts,
    ...{ waiting, withheld, problem },
    cold: coldRoom({ ...counts, capacity, waiting, paused: paused || problem !== undefined }),
    warmTarget: Math.min(capacity, sizing.warmTarget()),
    startConcurrency: sizing.concurrency,
    stale: rollout.stale.size,
    image: rollout.current.image,
    claims: claims.count,
    failedRemovals: launcher.failedRemovals,
    imagesGivenUp: rollout.givenUp,
  };
}
