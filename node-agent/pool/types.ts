// What a pool is given, and what it tells of itself.
import type { Clock, Random } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeState } from '../../shared/protocol/node-state.ts';
import type { SandboxRunner } from '../engine/engine.ts';
import type { Journal } from '../sandboxes/journal.ts';
import type { Counts, Sandbox } from '../sandboxes/table.ts';
import type { SizingSettings } from '../sizing/sizing.ts';

export interface PoolSettings extends SizingSettings {
  readonly capacity: number;
  /** Nothing is started. This and the sizes may change at any time; call `act` then. */
  readonly paused: boolean;
  /** Within which a sandbox must answer, from the moment it is asked for. */
  readonly startDeadlineMs: number;
}

export interface PoolOptions {
  readonly engine: SandboxRunner;
  readonly journal: Journal;
  readonly settings: PoolSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The node's state, asked whenever it matters. */
  readonly state: () => NodeState;
  /** Why nothing may be started just now; undefined when it may. */
  readonly withheld?: () => string | undefined;
  /** A sandbox is being taken away: its connections should end. */
  readonly onEnd: (sandbox: Sandbox) => void;
  /** Seconds a start took; for metrics. */
  readonly onStarted?: (seconds: number) => void;
}

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
