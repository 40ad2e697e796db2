// What a program is started in.
import type { Clock, Random } from './clock.ts';
import type { Logger } from './logging.ts';

export interface Runtime {
  readonly logger: Logger;
  /** The system's own unless given. */
  readonly clock?: Clock;
  readonly random?: Random;
}
