// The short forms of the placement benches: they run, they repeat with a seed, and rank tmpfleet's rule as expected.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tmpfleet-placement-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const simulated = z.object({
  results: z.array(
    z.object({ policy: z.string(), readers: z.number(), missed: z.number(), refused: z.number() }),
  ),
});
const measured = z.object({
  results: z.array(
    z.object({ nodes: z.number(), chooseNs: z.number(), bytesPerNode: z.number().optional() }),
  ),
});

/** Runs a bench and returns its output. */
function run(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    ...{ cwd: root, encoding: 'utf8', timeout: 240_000 },
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

test('the simulator prints a table, writes JSON and a plot, and repeats with the same seed', () => {
  const json = join(scratch, 'placement.json');
  const svg = join(scratch, 'placement.svg');
  const simulate = ['bench/placement/run.mjs', '--short', '--seed', '3', '--json', json, '--svg', svg];
  const table = run(...simulate);
  expect(table).toContain('missed %');
  const { results } = simulated.parse(readJson(json));
  expect(new Set(results.map(({ policy }) => policy)).size).toBe(5);
  for (const { readers } of results) expect(readers).toBeGreaterThan(50);
  for (const { policy, missed, refused } of results) {
    if (policy === 'ours') expect({ refused, few: missed <= 1 }).toEqual({ refused: 0, few: true });
  }
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  expect(run(...simulate)).toBe(table);
});

test('the choice is timed at 4, 100 and 10,000 nodes, and a node in view takes at most 2 KiB', () => {
  const json = join(scratch, 'choice.json');
  run('--expose-gc', 'bench/placement/choice.mjs', '--short', '--json', json);
  const { results } = measured.parse(readJson(json));
  expect(results.map(({ nodes }) => nodes)).toEqual([4, 100, 10_000]);
  for (const { chooseNs } of results) expect(chooseNs).toBeGreaterThan(0);
  expect(results.at(-1)?.bytesPerNode).toBeLessThanOrEqual(2_048);
});
