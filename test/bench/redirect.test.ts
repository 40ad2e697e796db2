// The redirect bench works: its targets start and answer, and it prints a table and writes JSON.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const reportSchema = z.object({
  modes: z.record(
    z.string(),
    z.record(z.string(), z.object({ perSecond: z.number().positive(), ratio: z.number().positive() })),
  ),
  skipped: z.array(z.object({ name: z.string(), why: z.string() })),
});

test('a short run measures each target in both modes, names what it skips, and leaves no process', () => {
  const { report, printed } = runBench(['bench/redirect/main.mjs', '--short']);
  const { modes, skipped } = reportSchema.parse(report);
  expect(Object.keys(modes)).toEqual(['keep-alive', 'new connections']);
  for (const targets of Object.values(modes)) {
    expect(Object.keys(targets)).toEqual(
      expect.arrayContaining(['raw', 'ours without secret', 'ours with secret', 'koa']),
    );
  }
  expect(skipped.map(({ name }) => name)).toContain('tmpnb-redirector');
  expect(printed).toContain('skipped: tmpnb-redirector');
  expect(printed).toContain('× raw');
});
