// The soak's short run works on both engines. For a long one on Docker: SOAK_CYCLES=300 npx vitest run <this file>
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { describeNeeding } from '../lab/needs.ts';

const cycles = process.env.SOAK_CYCLES ?? '';
const length = cycles === '' ? ['--short'] : ['--cycles', cycles];

function soak(...args: readonly string[]): string {
  const run = spawnSync(process.execPath, ['bench/soak.mjs', ...length, ...args], {
    encoding: 'utf8',
    timeout: 1_800_000,
  });
  if (cycles !== '') process.stderr.write(run.stdout);
  return `${run.stdout}${run.stderr}`;
}

const FIGURES = /cycles on the \w+ engine in \d+ s, 0 of them failed.*sandboxes +(\d+) +\1\n/s;

test('readers come and go on the local engine, and the number of sandboxes is as before', () => {
  expect(soak()).toMatch(FIGURES);
});

describeNeeding(['docker'], 'with Docker', ({ docker }) => {
  test('readers come and go, and the number of containers is as before', { timeout: 1_800_000 }, () => {
    const engine = ['--engine', 'docker', '--docker-host', docker.host, '--image', docker.tinyImage];
    expect(soak(...engine, '--command', docker.tinyCommand, '--socket', 'ws')).toMatch(FIGURES);
  });
});
