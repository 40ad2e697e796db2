// The bench of the agent's memory works: it opens the WebSockets, and says what each takes.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runBench } from './run.ts';

const bytes = z.object({ resident: z.number(), used: z.number() });
const reportSchema = z.object({
  ...{ sandboxes: z.literal(10), sockets: z.literal(20) },
  rows: z.record(z.string(), bytes),
  ...{ sandbox: bytes, socket: bytes, usedSocket: bytes },
});

test('a short run has a row for each step', () => {
  const { rows } = reportSchema.parse(runBench(['bench/memory.mjs', '--short']).report);
  expect(Object.keys(rows)).toEqual([
    ...['one sandbox', '10 sandboxes', 'all of them claimed', '20 WebSockets', 'after 20 messages on each'],
  ]);
  for (const { resident, used } of Object.values(rows)) {
    expect(used).toBeGreaterThan(1024 ** 2);
    expect(resident).toBeGreaterThan(used);
  }
});
