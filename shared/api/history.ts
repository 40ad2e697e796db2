// The last hour of the fleet, in buckets.
import { z } from 'zod';

const count = z.number().int();

export const bucketSchema = z.object({
  begins_at: z.iso.datetime(),
  arrivals: count.describe('readers and programs, each counted once, even when sent on several times'),
  bounces: count.describe('readers that a node sent back'),
  refused: count.describe('readers and programs refused because no node had room'),
  waiting: count.describe('highest number that waited at one time'),
  held: count.describe('sandboxes in use at the end, on nodes that answer'),
  capacity: count.describe('slots of those nodes'),
});
export type Bucket = z.infer<typeof bucketSchema>;

/** `GET /api/history`, oldest bucket first. */
export const historySchema = z.object({
  bucket_seconds: count,
  span_seconds: count,
  buckets: z.array(bucketSchema),
});
export type HistoryJson = z.infer<typeof historySchema>;
