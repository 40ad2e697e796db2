// The bench of static files works: files come from memory, and it writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const target = z.object({
  perSecond: z.number().positive(),
  bytesEach: z.number().positive(),
  nodeUs: z.number().positive(),
  sandboxUs: z.number().nonnegative(),
});
const reportSchema = z.object({
  targets: z.object({ 'from the sandbox': target, 'from memory': target, 'from memory, compressed': target }),
});

test('a short run measures both, and leaves no process', () => {
  const { targets } = reportSchema.parse(
    runBench(['bench/static-cache.mjs', '--short', '--rounds', '1']).report,
  );
  // The sandbox is asked for nothing.
  expect(targets['from memory'].sandboxUs).toBeLessThan(targets['from the sandbox'].sandboxUs / 2);
  expect(targets['from memory, compressed'].bytesEach).toBeLessThan(targets['from memory'].bytesEach / 2);
});
