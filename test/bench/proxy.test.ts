// The proxy bench works: requests go through, and it writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const reportSchema = z.object({
  targets: z.object({
    direct: z.object({ perSecond: z.number().positive() }),
    one: z.object({ perSecond: z.number().positive(), cpuMicroseconds: z.number().positive() }),
    other: z.object({ cpuByFirst: z.number().positive() }),
  }),
});

test('a short run measures both ways, compares builds, and leaves no process', () => {
  const flags = ['--short', '--rounds', '1', '--dist', 'one=dist', '--dist', 'other=dist'];
  const { targets } = reportSchema.parse(runBench(['bench/proxy.mjs', ...flags]).report);
  expect(targets.direct.perSecond).toBeGreaterThan(targets.one.perSecond);
});
