// The options of the pool.
import type { Clock, Random } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeState } from '../../shared/protocol/node-state.ts';
import type { Tracer } from '../../shared/tracing/tracer.ts';
import type { SandboxRunner } from '../engine/engine.ts';
import type { ProbePlace } from '../engine/readiness.ts';
import type { Primer } from '../priming/primer.ts';
import type { Journal } from '../sandboxes/claim-journal.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import type { SizingSettings } from '../sizing/sizing.ts';

export interface PoolSettings extends SizingSettings {
  readonly capacity: number;
  /** While true, no sandbox is started. This and the sizes may change at any time; call `act` afterwards. */
  readonly paused: boolean;
  /** Longest time from the request to the engine until the sandbox answers. */
  readonly startTimeoutMs: number;
}

export interface PoolOptions {
  readonly engine: SandboxRunner;
  readonly journal: Journal;
  readonly settings: PoolSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where sandboxes are asked whether they answer; default: their base path. */
  readonly probe?: ProbePlace;
  /** The node's state, read each time it matters. */
  readonly state: () => NodeState;
  /** Why no sandbox may be started now; undefined when starts are allowed. */
  readonly withheld?: () => string | undefined;
  /** Undefined where no kernels are started before a reader comes. */
  readonly primer?: Pick<Primer, 'prime' | 'given'> | undefined;
  /** Called when a sandbox is being removed: its connections should end. */
  readonly onEnd: (sandbox: Sandbox) => void;
  /** Called with the seconds that a start took; for metrics. */
  readonly onStarted?: (seconds: number) => void;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
}
