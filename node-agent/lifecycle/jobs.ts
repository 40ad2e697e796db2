// What an agent does by the clock: each a job of node-cron's.
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Job } from '../../shared/schedule.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import { findExpired } from '../sandboxes/expire.ts';
import type { Journal } from '../sandboxes/journal.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';
import type { HostResources } from './host-resources.ts';

/** A start takes a second or so; a shortage must be seen before many more are begun. */
const RESOURCES_SCHEDULE = '* * * * * *';

export interface JobsOptions {
  readonly config: NodeAgentConfig;
  readonly pool: Pool;
  readonly resources: HostResources;
  readonly lifecycle: NodeLifecycle;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Compares with what the engine has. */
  readonly reap: () => Promise<void>;
  readonly journal: Journal;
}

export function createJobs(options: JobsOptions): readonly Job[] {
  const { config, pool, resources, lifecycle, clock, reap, journal, logger } = options;
  return [
    {
      what: "a look at the host's resources",
      expression: RESOURCES_SCHEDULE,
      run: async () => {
        await resources.look();
        pool.act();
      },
    },
    {
      what: 'culling',
      expression: config.cullSchedule,
      run: async () => {
        for (const { id, reason } of findExpired(pool.table.all(), config, clock.now())) pool.end(id, reason);
        pool.recordUse();
        // Bookings begin and demand fades with time alone.
        pool.act();
      },
    },
    {
      what: 'reaping',
      expression: config.reapSchedule,
      run: async () => {
        await reap();
        await journal.tidy();
        const held = pool.table.all().filter(({ state }) => isHeld(state));
        lifecycle.sweep(
          pool.table.all().length,
          () => held.filter(({ id }) => pool.end(id, 'drained')).length,
        );
      },
    },
    {
      what: 'image refresh',
      expression: config.refreshSchedule,
      run: async () => {
        const changed = await pool.refresh();
        logger.info({ changed }, 'looked for a newer image');
      },
    },
  ];
}
