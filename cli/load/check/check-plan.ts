// Compares what a fleet did under load with what was planned, line by line.
import type { Report } from '../report/report.ts';
import type { PlanFile } from './plan-file.ts';

export interface CheckedLine {
  readonly what: string;
  readonly planned: number;
  readonly measured: number;
  readonly unit: 'ms' | '%' | '';
  /** Whether the measured value is no further from the planned one than is allowed. */
  readonly ok: boolean;
}

/** The part by which a figure may differ. */
const TOLERANCE = 0.1;
/** Differences that mean nothing: of times, what the page itself and a busy machine add to the sandbox; of readers, a few. */
const LEAST_MS = 250;
const LEAST_READERS = 3;

/** The steps at whose end a reader has a sandbox: of pages, and of programs. */
const WAIT_STEPS = ['landed', 'spawn'] as const;

/**
 * A figure that the run did not measure has no line. Where the run had the seed of the plan, it is held against what was planned for
 * those readers; else against the mean of several crowds.
 */
export function checkPlan(
  { plan, question }: Pick<PlanFile, 'plan' | 'question'>,
  { readers, steps, fleet, seed }: Pick<Report, 'readers' | 'steps' | 'fleet' | 'seed'>,
): readonly CheckedLine[] {
  const { hosts, capacity, of_seed: ofSeed } = plan;
  const expected = question.seed === seed && ofSeed !== undefined ? ofSeed : plan.expected;
  const lines: CheckedLine[] = [];
  const check = (what: string, planned: number, measured: number, of: Partial<Allowed> = {}): void => {
    const { unit = '', least = 0, part = TOLERANCE } = of;
    const ok = Math.abs(measured - planned) <= Math.max(least, part * Math.abs(planned));
    lines.push({ what, planned, measured, unit, ok });
  };
  if (fleet.length > 0) {
    check('nodes', hosts, most(fleet, 'nodes'), { part: 0 });
    check('slots', hosts * capacity, most(fleet, 'capacity'), { part: 0 });
  }
  check('readers', expected.readers, readers.arrived, { part: 0.01, least: 1 });
  const ofReaders = (100 * LEAST_READERS) / Math.max(1, readers.arrived);
  check('refused', 100 * expected.refused_share, percent(readers.refused, readers.arrived), {
    ...{ unit: '%', least: ofReaders },
  });
  // Nothing of the kind is planned.
  check('failed', 0, percent(readers.failed, readers.arrived), { unit: '%' });
  const step = WAIT_STEPS.map((name) => steps[name]).find((times) => times !== undefined);
  if (step !== undefined) {
    const { wait_ms: wait } = expected;
    check('wait p50', wait.p50, step.p50_ms, { unit: 'ms', least: LEAST_MS });
    check('wait p90', wait.p90, step.p90_ms, { unit: 'ms', least: LEAST_MS });
    check('wait p99', wait.p99, step.p99_ms, { unit: 'ms', least: LEAST_MS });
  }
  if (fleet.length > 0)
    check('most sandboxes held', expected.held_max, most(fleet, 'held'), { least: LEAST_READERS });
  return lines;
}

interface Allowed {
  readonly unit: CheckedLine['unit'];
  /** In the unit of the line. */
  readonly least: number;
  readonly part: number;
}

function percent(count: number, of: number): number {
  return of === 0 ? 0 : (100 * count) / of;
}

function most(fleet: Report['fleet'], name: 'nodes' | 'capacity' | 'held'): number {
  return fleet.reduce((highest, sample) => Math.max(highest, sample[name]), 0);
}
