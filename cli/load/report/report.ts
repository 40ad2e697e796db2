// The report of a run, as JSON: what `--json` prints, `--join` reads, and every other form is made of.
import { z } from 'zod';
import { generatorSchema } from '../measure/generator.ts';
import { type Times, timesFrom, timesJson, timesSchema } from '../measure/histogram.ts';
import type { Recorder } from '../measure/recorder.ts';
import { sliceSchema } from '../measure/slices.ts';
import { fleetSampleSchema } from '../run/fleet-watch.ts';

const count = z.number();

export const reportSchema = z.object({
  /** Of this form; a change that older readers would misread raises it. */
  version: z.literal(1),
  url: z.string(),
  profile: z.string(),
  /** How readers came, in words. */
  arrivals: z.string(),
  model: z.enum(['open', 'closed']),
  seed: count,
  started_at: z.string(),
  seconds: count,
  slice_seconds: count,
  generators: count,
  interrupted: z.boolean(),
  readers: z.object({
    ...{ arrived: count, served: count, refused: count, failed: count },
    /** Most at a time. */
    open_max: count,
  }),
  bytes_received: count,
  /** By name. The first one, `landed` and `first_output` are counted from the moment that a reader was due. */
  steps: z.record(z.string(), timesSchema),
  statuses: z.record(z.string(), z.record(z.string(), count)),
  nodes: z.record(z.string(), z.record(z.string(), timesSchema)),
  server_timing: z.record(z.string(), timesSchema),
  errors: z.array(
    z.object({
      outcome: z.enum(['refused', 'failed']),
      ...{ kind: z.string(), step: z.string(), node: z.string(), count, example: z.string() },
      /** When the first and the last one happened, since the begin of the run. */
      ...{ first_second: count, last_second: count },
    }),
  ),
  generator: generatorSchema,
  slices: z.array(sliceSchema),
  fleet: z.array(fleetSampleSchema),
});
export type Report = z.infer<typeof reportSchema>;

export interface RunFacts
  extends Pick<Report, 'url' | 'profile' | 'arrivals' | 'model' | 'seed' | 'started_at' | 'interrupted'> {
  readonly elapsedMs: number;
  readonly sliceMs: number;
}

export function makeReport(
  facts: RunFacts,
  recorder: Recorder,
  { generator, fleet }: Pick<Report, 'generator' | 'fleet'>,
): Report {
  const { elapsedMs, sliceMs, ...rest } = facts;
  const slices = [...recorder.slices()];
  return {
    version: 1,
    ...rest,
    seconds: Math.round(elapsedMs) / 1_000,
    slice_seconds: sliceMs / 1_000,
    generators: 1,
    readers: {
      ...{ arrived: recorder.arrived, ...recorder.ended },
      open_max: slices.reduce((most, { open }) => Math.max(most, open), 0),
    },
    bytes_received: recorder.bytes,
    steps: written(recorder.steps),
    statuses: Object.fromEntries(
      [...recorder.statuses].map(([step, counts]) => [step, Object.fromEntries(counts)]),
    ),
    nodes: Object.fromEntries([...recorder.nodes].map(([node, steps]) => [node, written(steps)])),
    server_timing: written(recorder.server),
    errors: [...recorder.errors.values()].sort((one, other) => other.count - one.count),
    ...{ generator, slices, fleet },
  };
}

function written(steps: ReadonlyMap<string, Times>): Report['steps'] {
  return Object.fromEntries([...steps].map(([step, times]) => [step, timesJson(times)]));
}

/** The times of a step, to ask for any percentile; undefined for a step that was not taken. */
export function timesOf(report: Pick<Report, 'steps'>, step: string): Times | undefined {
  const written = Object.hasOwn(report.steps, step) ? report.steps[step] : undefined;
  return written === undefined ? undefined : timesFrom(written);
}
