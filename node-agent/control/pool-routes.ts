// Routes for the pool as a whole: recycle, resize, pause and resume.
import type Router from '@koa/router';
import { z } from 'zod';
import type { PoolStatusJson } from '../../shared/api/pool.ts';
import { FleetError } from '../../shared/errors.ts';
import { readJsonBody } from '../../shared/http/koa-app.ts';
import type { Logger } from '../../shared/logging.ts';
import { describeIssues } from '../../shared/protocol/wire.ts';
import { nodeAgentOptions } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import type { AdjustablePoolSettings } from '../pool/settings.ts';
import type { OwnReport } from '../report/snapshot.ts';

export interface PoolControl {
  readonly pool: Pool;
  readonly size: AdjustablePoolSettings;
  readonly snapshot: () => OwnReport;
  readonly logger: Logger;
}

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

export function addPoolRoutes(router: Router, control: PoolControl): void {
  const { pool, size, logger } = control;
  router.get('/api/status', (context) => {
    context.body = describeStatus(control);
  });
  router.delete('/api/pool', (context) => {
    context.body = { drained: pool.recycle() };
  });
  router.post('/api/pool/resize', async (context) => {
    const body = await readJsonBody(context);
    const parsed = resizeBody.safeParse(body);
    if (!parsed.success) {
      throw new FleetError('bad-request', describeIssues(parsed.error, body), {
        remedy: `send {"capacity": n} or {"warm": n} or both; capacity is ${nodeAgentOptions.capacity.kind.expects}, warm ${nodeAgentOptions.warm.kind.expects}, and null returns to the configured value`,
      });
    }
    size.resize(parsed.data);
    logger.info(size.describe(), 'the pool was resized');
    pool.act();
    context.body = describeStatus(control);
  });
  for (const [verb, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    router.post(`/api/pool/${verb}`, (context) => {
      size.pause(paused);
      logger.info({ paused }, `pool: ${verb}`);
      pool.act();
      context.body = describeStatus(control);
    });
  }
}

function describeStatus({ pool, size, snapshot }: PoolControl): PoolStatusJson {
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
    },
  };
}
