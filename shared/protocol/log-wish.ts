// Which lines of a program's log are asked for, and what is answered.
import { z } from 'zod';

/** Most lines of one answer. */
export const MAX_LOG_LINES = 1_000;
export const USUAL_LOG_LINES = 100;
/** Most bytes of the lines of one answer, as JSON. */
export const MAX_LOG_BYTES = 192 * 1024;

export const logWishSchema = z.object({
  /** The newest of them. */
  lines: z.number().int().min(1).max(MAX_LOG_LINES).default(USUAL_LOG_LINES),
  /** Only lines with a higher number: what came since the last answer. */
  after: z.number().int().nonnegative().default(0),
});
export type LogWish = z.infer<typeof logWishSchema>;

/** `GET /api/log` of a node. */
export const logLinesSchema = z.object({
  lines: z.array(z.string().max(8_192)).max(MAX_LOG_LINES).describe('oldest first, each as it was written'),
  last: z
    .number()
    .int()
    .nonnegative()
    .describe('number of the newest line there is; `after` of the next request'),
  missed: z
    .number()
    .int()
    .nonnegative()
    .describe('lines after `after` that are older than these, or no longer kept'),
  boot: z
    .string()
    .max(64)
    .describe('another one, when the program was started again: lines are counted from 1 then'),
});
export type LogLinesJson = z.infer<typeof logLinesSchema>;
