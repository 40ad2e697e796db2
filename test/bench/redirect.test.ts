// The redirect bench works: its targets start and answer, and it prints a table and writes JSON.
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
  modes: z.record(
    z.string(),
    z.record(z.string(), z.object({ perSecond: z.number().positive(), ratio: z.number().positive() })),
  ),
  skipped: z.array(z.object({ name: z.string(), why: z.string() })),
});

test('a short run measures each target in both modes, names what it skips, and leaves no process', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-test-'));
  try {
    const json = join(dir, 'report.json');
    const run = spawnSync(process.execPath, ['bench/redirect/main.mjs', '--short', '--json', json], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, BENCH_TEST: dir },
    });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    const { modes, skipped } = reportSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
    expect(Object.keys(modes)).toEqual(['keep-alive', 'new connections']);
    for (const targets of Object.values(modes)) {
      expect(Object.keys(targets)).toEqual(
        expect.arrayContaining(['raw', 'ours without secret', 'ours with secret', 'koa']),
      );
    }
    expect(skipped.map(({ name }) => name)).toContain('tmpnb-redirector');
    expect(run.stdout).toContain('skipped: tmpnb-redirector');
    expect(run.stdout).toContain('× raw');
    expect(processesWith(dir)).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
