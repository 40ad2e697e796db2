// The bodies that the front's control listener takes.
import { z } from 'zod';
import { durationInput } from '../../shared/config/units.ts';
import { FleetError } from '../../shared/errors.ts';
import { describeIssues, nodeIdSchema } from '../../shared/protocol/wire.ts';

export const addBody = z.object({
  url: z.string().describe('the address readers are sent to, such as https://node7.example.org'),
  id: nodeIdSchema.optional().describe('what to call it; made of the address unless given'),
  probe: z
    .boolean()
    .default(true)
    .describe('whether to look at the node first; scripts may add one that is not up yet'),
});

export const orderBody = z.object({
  deadline: durationInput.optional().describe("of a drain: `30m`, or seconds; the default is the node's own"),
  force: z.boolean().default(false).describe('also where it is the last node that takes readers'),
});

export const hostBody = z.object({ host: z.string() });

/** @throws FleetError `bad-request` with what it should be like */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown, example: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new FleetError('bad-request', describeIssues(parsed.error, body), {
    remedy: `send something like ${example}`,
  });
}
