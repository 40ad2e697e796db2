// The environment that a program is started in.
import type { Clock, Random } from './clock.ts';
import type { RecentLines } from './collections/recent-lines.ts';
import type { Logger } from './logging.ts';

/** What came of reading the configuration again; names of options, as on the command line without dashes. */
export interface Reloaded {
  readonly applied: readonly string[];
  /** They have changed, too, and keep their old values until then. */
  readonly needRestart: readonly string[];
}

/** Reads again the configuration that a program was started with. */
export interface ConfigReloader {
  /** @throws FleetError `bad-config`: then nothing has changed */
  readonly run: () => Reloaded;
  /** Has something done after each reload, also one that changed no option: the files that they name may have changed. */
  watch(listener: () => void): void;
  /** Options that wait for a restart here, though a reload applies them elsewhere. @param names as in the code */
  except(names: readonly string[]): void;
}

export interface Runtime {
  readonly logger: Logger;
  /** Default: the system's own. */
  readonly clock?: Clock;
  readonly random?: Random;
  readonly reloader?: ConfigReloader;
  /** What `logger` wrote last. */
  readonly recentLog?: Pick<RecentLines, 'read'>;
}
