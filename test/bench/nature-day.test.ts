// The bench of an article's day works: hosts join, one is drained and one is killed while readers come, and it writes JSON and a picture.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const reportSchema = z.object({
  readers: z.object({ arrived: z.number(), served: z.number(), refused: z.number(), failed: z.number() }),
  refused_while_free: z.number(),
  events: z.array(z.object({ what: z.string() })),
  errors: z.array(z.object({ outcome: z.string() })),
  states: z.array(z.object({ capacity: z.number(), nodes: z.record(z.string(), z.number()) })),
  plan: z.object({ expected: z.object({ readers: z.number() }) }),
});

test('a short day: all readers come, and none is refused, whatever happens to two of four hosts', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-nature-day-'));
  try {
    const picture = join(dir, 'day.svg');
    const run = runBench(['bench/nature-day/main.mjs', '--short', '--svg', picture]);
    const { readers, refused_while_free, events, errors, states, plan } = reportSchema.parse(run.report);
    expect([readers.arrived, readers.refused, refused_while_free, plan.expected.readers]).toEqual([
      ...[300, 0, 0, 300],
    ]);
    // Who was on the way in when the agent was killed meets a connection that ends.
    expect(readers.served).toBeGreaterThan(250);
    expect(errors.every(({ outcome }) => outcome === 'failed')).toBe(true);
    expect(events.map(({ what }) => what).sort()).toEqual([
      ...[
        'node-1 has no readers left',
        'node-1 is gone',
        'node-1 is to be drained',
        'node-3 joins',
        'node-4 joins',
      ],
      ...['the agent of node-2 is back', 'the agent of node-2 is killed (-9)'],
    ]);
    expect(Math.max(...states.map(({ capacity }) => capacity))).toBe(96);
    expect(states.some(({ nodes }) => nodes.draining === 1)).toBe(true);
    expect(readFileSync(picture, 'utf8')).toMatch(
      /^<svg [^>]*>[\s\S]*300 readers in a day of 30s[\s\S]*<\/svg>\n$/,
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 300_000);
