// The environment that a program is started in.
import type { Clock, Random } from './clock.ts';
import type { Logger } from './logging.ts';

export interface Runtime {
  readonly logger: Logger;
  /** Default: the system's own. */
  readonly clock?: Clock;
  readonly random?: Random;
}
