// The polling bench works: each way has all nodes in view, clicks are redirected, and it writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const reportSchema = z.object({
  samples: z.array(z.object({ how: z.string(), reachable: z.number(), p99: z.number().positive() })),
});

test('a short run measures each way of polling, and leaves no process', () => {
  const { samples } = reportSchema.parse(runBench(['bench/polling/main.mjs', '--short']).report);
  expect(samples.map(({ how, reachable }) => [how, reachable])).toEqual([
    ['ours', 100],
    ['undici', 100],
    ['got', 100],
  ]);
});
