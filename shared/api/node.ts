// A node as the front describes it: the API's answers, the command's --json, the fleet page's events, doctor.
import { z } from 'zod';
import { NODE_STATES } from '../protocol/node-state.ts';

const count = z.number().int();

export const REACHABILITIES = ['unknown', 'reachable', 'unreachable'] as const;

/** Slots by state; together they are the capacity, unless readers hold more than a shrunken pool has. */
export const slotsSchema = z.object({
  held: count.describe('with a reader'),
  warm: count.describe('ready and unclaimed'),
  starting: count,
  removing: count,
  free: count.describe('without a sandbox'),
});
export type Slots = z.infer<typeof slotsSchema>;

export const nodeSchema = z.object({
  id: z.string(),
  url: z.string().describe('the address readers are sent to'),
  reachability: z.enum(REACHABILITIES).describe('whether it answers polls; unknown until the first poll'),
  reachability_changed_at: z.iso.datetime(),
  unreachable_reason: z.string().nullable().describe('why the last poll failed'),
  state: z.enum(NODE_STATES).nullable().describe('as last reported; null before the first report'),
  plain: z.boolean().describe('a plain tmpnb node: it takes no orders and reports only capacity and room'),
  schedulable: z.boolean().describe('whether the next reader may be sent there'),
  same_secret: z
    .boolean()
    .nullable()
    .describe(
      "whether it has this front's secret; null where it does not say: false makes its tickets and orders void",
    ),
  problem: z.string().nullable().describe('why it starts no sandboxes, from its report'),
  paused: z.boolean().nullable().describe('whether an operator has paused its pool'),
  capacity: count,
  slots: slotsSchema.describe('as last reported'),
  frozen: count
    .nullable()
    .describe(
      'of the held ones, those whose processes are stopped until their readers come back; null where it does not say',
    ),
  estimate: z
    .object({ warm: count, cold: count })
    .describe('warm sandboxes, and slots to start one in, less the readers on their way'),
  load: z.number().nullable().describe('load average of its host over one minute, for each core'),
  drain_deadline_at: z.iso.datetime().nullable(),
  drain_forced: z.boolean().nullable().describe('whether the deadline of the last drain ended readers'),
  image: z.string().nullable(),
  version: z.string().nullable(),
  canary: z
    .object({
      failing: z.boolean(),
      since: z.iso.datetime(),
      reason: z.string().describe('why the last visit failed; empty where it did not'),
    })
    .nullable()
    .describe("what came of the front's own visits as a reader; null before the first (--canary-every)"),
  report_age_seconds: z.number().nullable().describe('null before the first report'),
  redirects_total: count.describe('readers and programs sent there since the front started'),
  bounces_total: count.describe('readers it sent back since the front started'),
});
export type NodeJson = z.infer<typeof nodeSchema>;

/** `GET /api/nodes`, and what `node ls --json` prints. */
export const nodesSchema = z.object({ nodes: z.array(nodeSchema) });
export type NodesJson = z.infer<typeof nodesSchema>;

/** `GET /api/fleet`: what `top` shows. Totals count since the front started. */
export const fleetSchema = nodesSchema.extend({
  at: z.iso.datetime().describe('by the clock of the front'),
  version: z.string().describe('of the front'),
  waiting: count.describe('readers held until there is room'),
  arrivals_total: count.describe('readers and programs, each counted once'),
  redirects_total: count.describe('redirects to a node'),
  bounces_total: count.describe('redirects back from a node'),
  refusals_total: count.describe('readers and programs that were refused'),
  slo: z
    .object({
      readers_total: count.describe('readers who asked while a slot was free'),
      late_total: count.describe(
        'of these, those who were not live within two seconds, at the front or at a node',
      ),
    })
    .describe('since the front and each node started'),
});
export type FleetJson = z.infer<typeof fleetSchema>;
