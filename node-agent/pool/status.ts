// What a pool tells of itself, to the node's report, to metrics and to operators.
import type { Counts, SandboxTable } from '../sandboxes/table.ts';
import type { Sizing } from '../sizing/sizing.ts';
import type { Claims } from './claims.ts';
import type { ImageRollout } from './image-rollout.ts';
import type { Launcher } from './launcher.ts';
import { coldRoom } from './plan.ts';
import type { PoolSettings } from './types.ts';

export interface PoolStatus extends Counts {
  /** Readers for whom a sandbox is being started. */
  readonly waiting: number;
  /** Slots in which a reader who comes now could still be started one. */
  readonly cold: number;
  /** Why the host may not start anything; an operator's pause needs no words. */
  readonly withheld: string | undefined;
  /** `withheld`, or why starts fail. */
  readonly problem: string | undefined;
  /** How many are to be ready and unclaimed. */
  readonly warmTarget: number;
  /** How many may be started at one time. */
  readonly startConcurrency: number;
  /** How many have yet to give way to new ones. */
  readonly stale: number;
  /** The identity of the image that sandboxes are started from. */
  readonly image: string;
  /** Since the start, as the following. */
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
    image: rollout.current,
    claims: claims.count,
    failedRemovals: launcher.failedRemovals,
    imagesGivenUp: rollout.givenUp,
  };
}
