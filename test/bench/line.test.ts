// The bench of a long line works: all who stand in line are held, get in in order, and it writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const reportSchema = z.object({
  samples: z.array(
    z.object({
      readers: z.number(),
      'held requests': z.number(),
      'out of order': z.number(),
      'told max ms': z.number(),
    }),
  ),
});

test('a short run measures a line of one reader and one of two hundred, and leaves no process', () => {
  const { samples } = reportSchema.parse(runBench(['bench/line/main.mjs', '--short']).report);
  expect(samples.map((sample) => [sample.readers, sample['held requests'], sample['out of order']])).toEqual([
    [1, 1, 0],
    [200, 200, 0],
  ]);
  // The nodes are polled each second while readers wait.
  expect(samples.every((sample) => sample['told max ms'] < 10_000)).toBe(true);
}, 240_000);
