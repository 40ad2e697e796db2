// A sandbox as a node describes it. Neither its token nor its owner: a log of the answer would have them.
import { z } from 'zod';
import { SANDBOX_STATES } from '../protocol/sandbox-state.ts';

export const sandboxSchema = z.object({
  id: z.string(),
  state: z.enum(SANDBOX_STATES),
  frozen: z.boolean().describe('whether its processes are stopped until its reader comes back'),
  address: z.string().nullable().describe('host and port at the engine; null before it has one'),
  image: z.string(),
  created_at: z.iso.datetime(),
  claimed_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable(),
  end_reason: z.string().nullable().describe('why it is being removed'),
  click: z
    .string()
    .nullable()
    .describe(
      'what the logs of front and node call the click that it was claimed with; null without a ticket',
    ),
});
export type SandboxJson = z.infer<typeof sandboxSchema>;

/** `GET /api/sandboxes/<id>/output` */
export const sandboxOutputSchema = z.object({
  running: z.boolean(),
  exit_code: z.number().int().nullable().describe('null while it runs, and when a signal ended it'),
  out_of_memory: z.boolean(),
  output: z.string().describe('the last 4 KiB that it printed, without its token'),
});
export type SandboxOutputJson = z.infer<typeof sandboxOutputSchema>;
