// The proxy bench works: requests go through, and it prints a table and writes JSON.
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
  proxiedPerSecond: z.number().positive(),
  directPerSecond: z.number().positive(),
  cpuMicrosecondsPerRequest: z.number().positive(),
});

test('a short run measures both ways, and leaves no process', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-test-'));
  try {
    const json = join(dir, 'report.json');
    const run = spawnSync(process.execPath, ['bench/proxy.mjs', '--short', '--rounds', '1', '--json', json], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, BENCH_TEST: dir },
    });
    expect([run.status, run.stderr]).toEqual([0, '']);
    const report = reportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(report.directPerSecond).toBeGreaterThan(report.proxiedPerSecond);
    expect(processesWith(dir)).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
