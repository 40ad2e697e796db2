// The polling bench works: each way has all nodes in view, clicks are redirected, and it prints a table and writes JSON.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { processesWith } from '../support/processes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const reportSchema = z.object({
  samples: z.array(z.object({ how: z.string(), reachable: z.number(), p99: z.number().positive() })),
});

test('a short run measures each way of polling, and leaves no process', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-test-'));
  try {
    const json = join(dir, 'report.json');
    const run = spawnSync(process.execPath, ['bench/polling/main.mjs', '--short', '--json', json], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, BENCH_TEST: dir },
    });
    expect([run.status, run.stderr]).toEqual([0, '']);
    const { samples } = reportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(samples.map(({ how, reachable }) => [how, reachable])).toEqual([
      ['ours', 100],
      ['undici', 100],
      ['got', 100],
    ]);
    expect(processesWith(dir)).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
