// The query of requests for the last lines of a log.
import type { ParsedUrlQuery } from 'node:querystring';
import { z } from 'zod';
import { FleetError } from '../errors.ts';
import { type LogWish, logWishSchema, MAX_LOG_LINES, USUAL_LOG_LINES } from '../protocol/log-wish.ts';
import { describeIssues } from '../protocol/wire.ts';

const querySchema = z
  .object({ lines: z.coerce.number().optional(), after: z.coerce.number().optional() })
  .pipe(logWishSchema);

/** @throws FleetError `bad-request` */
export function parseLogQuery(query: ParsedUrlQuery): LogWish {
  const parsed = querySchema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new FleetError('bad-request', describeIssues(parsed.error, query), {
    remedy: `send lines from 1 to ${MAX_LOG_LINES}, and as after what the last answer had as last`,
  });
}

/** Describes that query. */
export const LOG_QUERY: Readonly<
  Record<string, { readonly description: string; readonly schema: z.ZodType }>
> = {
  lines: {
    description: `how many lines: the newest; default ${USUAL_LOG_LINES}`,
    schema: z.number().int().min(1).max(MAX_LOG_LINES).optional(),
  },
  after: {
    description: 'only lines with a higher number: `last` of the answer before',
    schema: z.number().int().nonnegative().optional(),
  },
};
