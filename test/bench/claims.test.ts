// The bench of a burst works: every claim gets a sandbox, those at once share flushes of the journal, and it writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const shape = z.object({
  p50_ms: z.number().positive(),
  p90_ms: z.number().positive(),
  p99_ms: z.number().positive(),
  flushes: z.number().positive(),
  node_cpu_ms: z.number().nonnegative(),
});
const reportSchema = z.object({
  claims: z.literal(30),
  shapes: z.object({ 'one after another': shape, 'at once': shape }),
});

test('a short burst: thirty claims, in fewer flushes than one after another', () => {
  const { shapes } = reportSchema.parse(runBench(['bench/claims.mjs', '--short']).report);
  expect(shapes['one after another'].flushes).toBeGreaterThanOrEqual(30);
  expect(shapes['at once'].flushes).toBeLessThan(30);
});
