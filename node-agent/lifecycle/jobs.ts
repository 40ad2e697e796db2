// The periodic jobs of an agent: some at intervals, some by a cron expression.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Random } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import { startLoop } from '../../shared/loop.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import { startSchedule } from '../../shared/schedule.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import type { Journal } from '../sandboxes/claim-journal.ts';
import { recordUse } from '../sandboxes/record-use.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';
import { Culling } from './culling.ts';
import type { HostResources } from './host-resources.ts';

/** A start takes about a second; a shortage must be seen before many more have begun. */
const RESOURCES_INTERVAL_MS = 1_000;
/** How often to look for sandboxes that are due for a check; each of them is due much less often. */
const HEALTH_INTERVAL_MS = 5_000;
/** An operator waits for the end of a drain, and its deadline was promised to readers. */
const DRAIN_INTERVAL_MS = 1_000;
/** Readers should learn of a drain, and of what they did in another tab, at once. */
const TELL_INTERVAL_MS = 1_000;

export interface JobsOptions {
  readonly config: NodeAgentConfig;
  readonly pool: Pool;
  readonly resources: HostResources;
  readonly lifecycle: NodeLifecycle;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Compares the pool with the engine. */
  readonly reap: () => Promise<void>;
  readonly journal: Journal;
  /** Tells readers what has changed for them, and measures how fast the line moves. */
  readonly eachSecond: () => void;
}

export interface Jobs {
  /** Begins no further turn, and waits for those under way. */
  stop(): Promise<void>;
}

export function startJobs(options: JobsOptions): Jobs {
  const { config, pool, resources, lifecycle, random, reap, journal, logger } = options;
  const culling = new Culling(options);
  const every = (ms: number, what: string, turn: () => Promise<void>) =>
    startLoop(turn, { interval: () => ms, jitter: 0, random, logger, what });
  const loops = [
    every(RESOURCES_INTERVAL_MS, "measuring the host's free memory and disk", async () => {
      await resources.look();
      pool.act();
    }),
    // Not awaited, so that stopping does not wait for sandboxes that do not answer.
    every(HEALTH_INTERVAL_MS, 'checking warm sandboxes', async () => void pool.checkWarm()),
    every(TELL_INTERVAL_MS, 'telling readers what has changed', async () => options.eachSecond()),
    every(config.cullIntervalMs, 'culling', async () => {
      culling.endExpired();
      recordUse(pool.table, journal, pool.time);
      // Bookings begin, and demand decays, without any other event.
      pool.act();
    }),
    every(config.reapIntervalMs, 'reaping', async () => {
      await reap();
      await journal.tidy();
    }),
    every(DRAIN_INTERVAL_MS, 'watching a drain', async () => {
      const all = pool.table.all();
      lifecycle.sweep(
        all.length,
        () => all.filter(({ id, state }) => isHeld(state) && pool.end(id, 'drained')).length,
      );
    }),
  ];
  const stopping = new AbortController();
  const refresh = async (): Promise<void> => {
    try {
      await delay(shareOf(config.refreshSpreadMs, config.nodeId), undefined, { signal: stopping.signal });
    } catch {
      return;
    }
    const changed = await pool.refresh();
    logger.info({ changed }, 'checked for a newer image');
  };
  const schedule = startSchedule(
    [{ what: 'image refresh', expression: config.refreshSchedule, run: refresh }],
    logger,
  );
  return {
    stop: async () => {
      stopping.abort();
      culling.stop();
      await Promise.all([schedule.stop(), ...loops.map((loop) => loop.stop())]);
    },
  };
}

/** The part of `spreadMs` that this node waits: always the same, and evenly distributed over the nodes of a fleet. */
export function shareOf(spreadMs: number, nodeId: string): number {
  const hash = createHash('sha256').update(nodeId).digest().readUInt32BE(0);
  return Math.floor((hash / 2 ** 32) * spreadMs);
}
