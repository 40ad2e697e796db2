// The proxy bench works: requests go through, and it writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const reportSchema = z.object({
  proxiedPerSecond: z.number().positive(),
  directPerSecond: z.number().positive(),
  cpuMicrosecondsPerRequest: z.number().positive(),
});

test('a short run measures both ways, and leaves no process', () => {
  const report = reportSchema.parse(runBench(['bench/proxy.mjs', '--short', '--rounds', '1']).report);
  expect(report.directPerSecond).toBeGreaterThan(report.proxiedPerSecond);
});
