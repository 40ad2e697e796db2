// `checkPlan`: what a fleet did under load, beside what was planned, line by line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkPlan } from '../../../cli/load/check/check-plan.ts';
import { type FleetPlan, readPlanFile } from '../../../cli/load/check/plan-file.ts';

const PLAN: FleetPlan = {
  ...{ hosts: 4, capacity: 8, warm: null, concurrent_starts: 2, book: '', is_kept: true },
  expected: {
    ...{ readers: 1_000, refused: 100, refused_share: 0.1, in_line: 300, cold: 5, held_max: 32 },
    wait_ms: { p50: 200, p90: 5_000, p99: 20_000, max: 21_000 },
  },
};
const times = (p50: number, p90: number, p99: number) => ({
  ...{ count: 900, mean_ms: p50, p50_ms: p50, p90_ms: p90, p99_ms: p99, p999_ms: p99, max_ms: p99 },
  histogram: '',
});
const sample = (held: number) => ({
  ...{ second: 1, capacity: 32, available: 32 - held, warm: 32 - held, starting: 0, held, waiting: 0 },
  ...{ nodes: 4, nodes_down: 0 },
});
const readers = { arrived: 1_000, served: 895, refused: 105, failed: 0, open_max: 60 };
const landed = times(230, 5_300, 18_500);

const check = (plan: FleetPlan, report: Omit<Parameters<typeof checkPlan>[1], 'seed'>, seed = 7) =>
  checkPlan({ plan, question: { seed: 1 } }, { ...report, seed });

test('a run with the seed of the plan is held against the same readers', () => {
  const wait_ms = { p50: 220, p90: 8_000, p99: 18_000, max: 19_000 };
  const plan = { ...PLAN, of_seed: { ...PLAN.expected, wait_ms } };
  const report = { readers, steps: { landed }, fleet: [sample(32)] };
  const waits = (seed: number) =>
    check(plan, report, seed)
      .filter(({ what, ok }) => what.startsWith('wait') && !ok)
      .map(({ what, planned }) => [what, planned]);
  expect(waits(1)).toEqual([['wait p90', 8_000]]);
  expect(waits(2)).toEqual([]);
});

test('what differs by a tenth is as planned; so is what differs by less than means anything', () => {
  const lines = check(PLAN, { readers, steps: { landed }, fleet: [sample(3), sample(32)] });
  expect(lines.filter(({ ok }) => !ok)).toEqual([]);
  expect(lines.map(({ what }) => what)).toEqual([
    ...['nodes', 'slots', 'readers', 'refused', 'failed', 'wait p50', 'wait p90', 'wait p99'],
    'most sandboxes held',
  ]);
});

test.each([
  ['refused', { readers: { ...readers, served: 880, refused: 120 } }],
  ['failed', { readers: { ...readers, served: 894, failed: 1 } }],
  ['readers', { readers: { ...readers, arrived: 950 } }],
  ['wait p99', { steps: { landed: times(230, 5_300, 22_500) } }],
  ['wait p50', { steps: { landed: times(460, 5_300, 20_000) } }],
  ['most sandboxes held', { fleet: [sample(24)] }],
  ['nodes', { fleet: [{ ...sample(32), nodes: 3 }] }],
])('%s is not as planned', (what, more) => {
  const report = { readers, steps: { landed }, fleet: [sample(32)], ...more };
  const wrong = check(PLAN, report).filter(({ ok }) => !ok);
  expect(wrong.map((line) => line.what)).toContain(what);
});

test('programs are measured by their spawns; what was not measured has no line', () => {
  const lines = check(PLAN, { readers, steps: { spawn: landed }, fleet: [] });
  expect(lines.map(({ what }) => what)).toEqual([
    ...['readers', 'refused', 'failed', 'wait p50', 'wait p90', 'wait p99'],
  ]);
});

test('a file that is no plan is refused with its name and the field', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-plan-'));
  const path = join(dir, 'plan.json');
  try {
    expect(() => readPlanFile(path)).toThrow(/--check: .*plan\.json cannot be read/);
    writeFileSync(path, '{"version":1,"plan":{"hosts":"many"}}');
    expect(() => readPlanFile(path)).toThrow(/is no plan: .*plan\.hosts/);
    const search = { simulations: 1, is_exact: true };
    writeFileSync(path, JSON.stringify({ version: 1, question: {}, plan: PLAN, what_if: [], search }));
    expect(readPlanFile(path).plan).toEqual(PLAN);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
