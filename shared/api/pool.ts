// A node's pool as its control listener describes it.
import { z } from 'zod';
import { fleetReportSchema, nodeStatsSchema } from '../protocol/wire.ts';

const count = z.number().int();
const warm = z.union([count, z.literal('all')]);

export const REFRESH_OUTCOMES = ['running', 'newer', 'same', 'failed'] as const;

/** A search for a newer image that an operator ordered. */
export const refreshSchema = z.object({
  outcome: z
    .enum(REFRESH_OUTCOMES)
    .describe('`newer`: one was found, and unclaimed sandboxes give way to it'),
  began_at: z.iso.datetime(),
  problem: z.string().max(1_024).nullable().describe('why it failed'),
});
export type RefreshJson = z.infer<typeof refreshSchema>;

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
    refresh: refreshSchema
      .optional()
      .describe('the last search for a newer image that was ordered; none since the agent started'),
  }),
});
export type PoolStatusJson = z.infer<typeof poolStatusSchema>;

/** What `POST …/pool/resize` takes; null returns to the configured value. */
export const resizeWishSchema = z
  .strictObject({
    capacity: count.min(1).nullable().optional().describe('slots'),
    warm: z
      .union([count.min(0), z.literal('all')])
      .nullable()
      .optional()
      .describe('sandboxes to keep ready'),
  })
  .refine(
    ({ capacity, warm }) => capacity !== undefined || warm !== undefined,
    'has neither capacity nor warm',
  );
export type ResizeWish = z.infer<typeof resizeWishSchema>;

/** The pool of a node as the front got it from there; `drained` after an order to recycle it. */
export const nodePoolSchema = poolStatusSchema.extend({
  drained: count.optional().describe('number of sandboxes that will be replaced'),
});
export type NodePoolJson = z.infer<typeof nodePoolSchema>;

/** `DELETE /api/pool` */
export const recycledSchema = z.object({
  drained: count.describe('number of sandboxes that will be replaced'),
});
