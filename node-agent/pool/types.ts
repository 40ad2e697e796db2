// What a pool is given.
import type { Clock, Random } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeState } from '../../shared/protocol/node-state.ts';
import type { SandboxRunner } from '../engine/engine.ts';
import type { Journal } from '../sandboxes/journal.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import type { SizingSettings } from '../sizing/sizing.ts';

export interface PoolSettings extends SizingSettings {
  readonly capacity: number;
  /** Nothing is started. This and the sizes may change at any time; call `act` then. */
  readonly paused: boolean;
  /** Within which a sandbox must answer, from the moment it is asked for. */
  readonly startTimeoutMs: number;
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
