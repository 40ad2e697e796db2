// What operators order of the pool as a whole, at the node's own control listener or by the front.
import { z } from 'zod';
import type { PoolStatusJson, RefreshJson } from '../../shared/api/pool.ts';
import type { Clock } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { describeIssues, type FleetReport, type NodeStats } from '../../shared/protocol/wire.ts';
import { nodeAgentOptions } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import type { AdjustablePoolSettings, Resize } from '../pool/settings.ts';

/** The same limits as the options have: any value that can be configured is accepted, and no other. */
export const resizeBody = z
  .strictObject({
    capacity: nodeAgentOptions.capacity.kind.schema.nullable().optional(),
    warm: z.preprocess(
      (value) => (typeof value === 'number' ? String(value) : value),
      nodeAgentOptions.warm.kind.schema.nullable().optional(),
    ),
  })
  .refine(
    ({ capacity, warm }) => capacity !== undefined || warm !== undefined,
    'has neither capacity nor warm',
  );

/** @throws FleetError `bad-request` that says what it should be like */
export function parseResize(body: unknown): Resize {
  const parsed = resizeBody.safeParse(body);
  if (parsed.success) return parsed.data;
  const { capacity, warm } = nodeAgentOptions;
  throw new FleetError('bad-request', describeIssues(parsed.error, body), {
    remedy: `send {"capacity": n} or {"warm": n} or both; capacity is ${capacity.kind.expects}, warm ${warm.kind.expects}, and null returns to the configured value`,
  });
}

export interface PoolOrdersOptions {
  readonly pool: Pool;
  readonly size: AdjustablePoolSettings;
  readonly snapshot: () => NodeStats & { readonly fleet: FleetReport };
  readonly clock: Clock;
  readonly logger: Logger;
}

const LONGEST_PROBLEM = 1_000;

export class PoolOrders {
  readonly #options: PoolOrdersOptions;
  #refresh: RefreshJson | undefined;

  constructor(options: PoolOrdersOptions) {
    this.#options = options;
  }

  status(): PoolStatusJson {
    const { pool, size, snapshot } = this.#options;
    const { capacity } = pool.settings;
    const { warmTarget, held, stale, startConcurrency } = pool.status();
    return {
      ...snapshot(),
      pool: {
        ...size.describe(),
        warm_target: warmTarget,
        warm_wanted: Math.max(0, Math.min(warmTarget, capacity - held)),
        stale,
        start_concurrency: startConcurrency,
        ...(this.#refresh && { refresh: this.#refresh }),
      },
    };
  }

  /** @throws FleetError `bad-request` when more are to be kept ready than there are slots */
  resize(to: Resize): PoolStatusJson {
    const { pool, size, logger } = this.#options;
    size.resize(to);
    logger.info(size.describe(), 'the pool was resized');
    pool.act();
    return this.status();
  }

  pause(paused: boolean): PoolStatusJson {
    const { pool, size, logger } = this.#options;
    size.pause(paused);
    logger.info({ paused }, `pool: ${paused ? 'pause' : 'resume'}`);
    pool.act();
    return this.status();
  }

  /** @returns the number of sandboxes that give way to new ones, step by step */
  recycle(): number {
    const drained = this.#options.pool.recycle();
    this.#options.logger.info({ drained }, 'pool: recycle');
    return drained;
  }

  /** Begins to look for a newer image, unless that is under way. A pull takes minutes: the status says what came of it. */
  refresh(): PoolStatusJson {
    if (this.#refresh?.outcome !== 'running') void this.#lookForImage();
    return this.status();
  }

  async #lookForImage(): Promise<void> {
    const { pool, clock, logger } = this.#options;
    const began_at = new Date(clock.now()).toISOString();
    this.#refresh = { outcome: 'running', began_at, problem: null };
    try {
      const changed = await pool.refresh();
      this.#refresh = { outcome: changed ? 'newer' : 'same', began_at, problem: null };
      logger.info({ changed }, 'checked for a newer image, as an operator ordered');
    } catch (error) {
      const problem = describeError(error).slice(0, LONGEST_PROBLEM);
      this.#refresh = { outcome: 'failed', began_at, problem };
      logger.error({ error: problem }, 'the search for a newer image that an operator ordered failed');
    }
  }
}
