// Runs a bench as its user does, and gives the JSON that it wrote.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { processesWith } from '../support/processes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The short form of a bench takes less than a minute; while it is waited for, no timeout of a test can fire. */
const LONGEST_MS = 240_000;

export interface BenchRun {
  readonly report: unknown;
  readonly printed: string;
}

export interface BenchOptions {
  /** Where the JSON goes, from the top of the repository; default: nowhere. */
  readonly json?: string;
  readonly longestMs?: number;
}

/** A run that ends well, without a word on stderr or a process that is left. @param args the script first */
export function runBench(
  args: readonly string[],
  { json: kept, longestMs = LONGEST_MS }: BenchOptions = {},
): BenchRun {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-test-'));
  try {
    const json = kept === undefined ? join(dir, 'report.json') : join(ROOT, kept);
    const env = { ...process.env, BENCH_TEST: dir };
    const run = spawnSync(process.execPath, [...args, '--json', json], {
      ...{ cwd: ROOT, encoding: 'utf8', env, timeout: longestMs },
    });
    expect([run.status, run.stderr]).toEqual([0, '']);
    expect(processesWith(dir)).toEqual([]);
    return { report: JSON.parse(readFileSync(json, 'utf8')), printed: run.stdout };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
