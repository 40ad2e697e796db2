// The count at the end of CI: which tests failed, which were flaky, and which were flaky before.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const TALLY = fileURLToPath(new URL('../../.ci/tally.mjs', import.meta.url));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tally-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Pending: the file was ended before. */
type Status = 'passed' | 'failed' | 'skipped' | 'pending';

/** A report of vitest: the result of each test, by file. */
function report(name: string, files: Readonly<Record<string, readonly Status[]>>): void {
  const testResults = Object.entries(files).map(([file, statuses]) => ({
    name: join(dir, file),
    status: statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: statuses.map((status, index) => ({
      status,
      fullName: `test ${index}`,
      failureMessages: status === 'failed' ? ['Error: why'] : [],
    })),
  }));
  writeFileSync(join(dir, name), JSON.stringify({ testResults }));
}

function count(): { readonly status: number | null; readonly lines: readonly string[] } {
  const { status, stdout } = spawnSync(process.execPath, [TALLY, 'count', '.', 'flaky.txt'], {
    cwd: dir,
    encoding: 'utf8',
  });
  return { status, lines: stdout.trim().split('\n') };
}

test('counts all runs together', () => {
  report('node24.json', { 'a.test.ts': ['passed', 'passed'], 'b.test.ts': ['passed'] });
  report('system.json', { 'a.test.ts': ['passed', 'passed'] });
  expect(count()).toEqual({ status: 0, lines: ['0 flaky: none', '5 passed, 0 failed, 0 skipped'] });
});

test('many failures are all named, and counted in the last line', () => {
  const files = ['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.test.ts`, ['failed', 'passed']] as const);
  report('node24.json', Object.fromEntries(files));
  const { status, lines } = count();
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('5 passed, 5 failed, 0 skipped');
  for (const [file] of files) expect(lines).toContain(`node24: FAILED: ${file}`);
});

test('a file that was stuck has failed, and is flaky if it passes when run again', () => {
  report('node24.json', { 'a.test.ts': ['pending', 'pending'], 'b.test.ts': ['passed'] });
  expect(count().lines).toContain('node24: FAILED: a.test.ts');
  report('node24-again.json', { 'a.test.ts': ['passed', 'passed'] });
  const { status, lines } = count();
  expect(status).toBe(0);
  expect(lines.slice(-2)).toEqual(['1 flaky: a.test.ts', '3 passed, 0 failed, 0 skipped']);
});

test('a skipped test fails', () => {
  report('node24.json', { 'a.test.ts': ['passed', 'skipped'] });
  expect(count()).toEqual({ status: 1, lines: ['0 flaky: none', '1 passed, 0 failed, 1 skipped'] });
});

test('a run that broke outside of its tests fails', () => {
  report('node24.json', { 'a.test.ts': ['passed'] });
  writeFileSync(join(dir, 'system.broken'), '');
  const { status, lines } = count();
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
});

test('a file that passes in its second run is listed as flaky, and fails when it is flaky again', () => {
  report('node24.json', { 'a.test.ts': ['failed', 'passed'], 'b.test.ts': ['passed'] });
  report('node24-again.json', { 'a.test.ts': ['passed', 'passed'] });
  const first = count();
  expect(first.status).toBe(0);
  expect(first.lines.slice(-2)).toEqual(['1 flaky: a.test.ts', '3 passed, 0 failed, 0 skipped']);
  expect(readFileSync(join(dir, 'flaky.txt'), 'utf8')).toMatch(/^a\.test\.ts \d{4}-\d\d-\d\d\n$/);

  const second = count();
  expect(second.status).toBe(1);
  expect(second.lines.slice(-2)).toEqual(['1 flaky: a.test.ts', '2 passed, 1 failed, 0 skipped']);
  expect(readFileSync(join(dir, 'flaky.txt'), 'utf8').trim().split('\n')).toHaveLength(1);
});
