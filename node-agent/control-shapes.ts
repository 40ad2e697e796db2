// What the node's control listener takes and tells.
import { z } from 'zod';
import { durationInput } from '../shared/config/units.ts';
import { SANDBOX_STATES } from '../shared/sandbox.ts';

export const drainBody = z
  .object({
    deadline: durationInput.optional().describe('`30m`, or seconds; the configured one unless given'),
  })
  .optional();

/** Neither its token nor its owner: an operator has no use for them, and a log of this answer would. */
export const sandboxSchema = z.object({
  id: z.string(),
  state: z.enum(SANDBOX_STATES),
  address: z.string().nullable(),
  image: z.string(),
  created: z.string().nullable(),
  claimed: z.string().nullable(),
  last_use: z.string().nullable(),
  ending: z.string().nullable().describe('why it is being removed'),
});
