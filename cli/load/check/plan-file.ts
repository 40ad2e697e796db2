// What `tmpfleet plan --save` writes, and `tmpfleet load --check` reads.
import { z } from 'zod';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { readOperatorFile } from '../../../shared/operator-file.ts';
import { describeIssues } from '../../../shared/protocol/wire.ts';

const count = z.number();

/** What readers live through, by the simulator. */
export const expectedSchema = z.object({
  /** Mean of the simulations; each of the following counts, too. */
  readers: count,
  refused: count,
  /** Part of the readers, from 0 to 1. */
  refused_share: count,
  /** Readers who got a place in line. */
  in_line: count,
  /** Readers who got a sandbox that was started for them. */
  cold: count,
  /** From the click to the sandbox, of those who got one. */
  wait_ms: z.object({ p50: count, p90: count, p99: count, max: count }),
  /** Most sandboxes that readers had at a time. */
  held_max: count,
});
export type Expected = z.infer<typeof expectedSchema>;

export const fleetPlanSchema = z.object({
  hosts: count,
  /** Of each host; each of the following, too. */
  capacity: count,
  /** null: all slots. */
  warm: count.nullable(),
  concurrent_starts: count,
  /** As the option `--book` of a node takes it; empty where nothing is to be booked. */
  book: z.string(),
  expected: expectedSchema,
  /** The same for the very readers that `tmpfleet load` sends with the seed of the plan: crowds of one size differ. */
  of_seed: expectedSchema.optional(),
  /** Whether what was asked for is kept. */
  is_kept: z.boolean(),
});
export type FleetPlan = z.infer<typeof fleetPlanSchema>;

export const planFileSchema = z.object({
  /** Of this form; a change that older readers would misread raises it. */
  version: z.literal(1),
  /** What was asked, as options. */
  question: z.record(z.string(), z.union([z.string(), count, z.boolean(), z.array(z.string())])),
  plan: fleetPlanSchema,
  what_if: z.array(fleetPlanSchema.extend({ changes: z.string() })),
  search: z.object({
    simulations: count,
    /** False where the time was over before it was certain that no fewer hosts are enough. */
    is_exact: z.boolean(),
  }),
});
export type PlanFile = z.infer<typeof planFileSchema>;

/** @throws FleetError `bad-config` */
export function readPlanFile(path: string): PlanFile {
  let value: unknown;
  try {
    value = JSON.parse(readOperatorFile(path).toString());
  } catch (error) {
    throw new FleetError('bad-config', `--check: ${path} cannot be read (${describeError(error)})`);
  }
  const parsed = planFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FleetError('bad-config', `--check: ${path} is no plan: ${describeIssues(parsed.error, value)}`, {
    remedy: 'expected what tmpfleet plan --save writes',
  });
}
