// A node's pool as its control listener describes it.
import { z } from 'zod';
import { fleetReportSchema, nodeStatsSchema } from '../protocol/wire.ts';

const count = z.number().int();
const warm = z.union([count, z.literal('all')]);

/** `GET /api/status` of a node: its report, and the state of the pool for operators. */
export const poolStatusSchema = nodeStatsSchema.extend({
  fleet: fleetReportSchema,
  pool: z.object({
    capacity: count,
    warm,
    paused: z.boolean(),
    configured: z.object({ capacity: count, warm }).describe('the values that a reset returns to'),
    warm_target: count,
    warm_wanted: count.describe('number that can be warm now, given the slots that readers hold'),
    stale: count.describe('warm sandboxes that are still to be replaced'),
    start_concurrency: count,
  }),
});
export type PoolStatusJson = z.infer<typeof poolStatusSchema>;

/** `DELETE /api/pool` */
export const recycledSchema = z.object({
  drained: count.describe('number of sandboxes that will be replaced'),
});
