// One event of the fleet page's stream.
import { z } from 'zod';
import { bucketSchema } from './history.ts';
import { nodeSchema } from './node.ts';

/** A node without the fields that change with every report or every reader: events would repeat the whole fleet. */
export const eventNodeSchema = nodeSchema.omit({
  ...{ report_age_seconds: true, redirects_total: true, bounces_total: true },
  ...{ estimate: true, load: true, schedulable: true },
});
export type EventNode = z.infer<typeof eventNodeSchema>;

/** `data:` of each event of `GET /api/events`. */
export const eventSchema = z.object({
  at: z.iso.datetime().describe("by the front's clock"),
  version: z.string().describe('of the front'),
  whole: z.boolean().describe('whether `nodes` is all nodes; otherwise those that changed'),
  nodes: z.array(eventNodeSchema),
  removed: z.array(z.string()).describe('ids of nodes that left the fleet'),
  report_age_seconds: z.record(z.string(), z.number()).describe('by id; none for a node that never reported'),
  waiting: z.number().int().describe('readers held until there is room'),
  bucket: bucketSchema.nullable().describe('the newest bucket of the history'),
});
export type FleetEvent = z.infer<typeof eventSchema>;
