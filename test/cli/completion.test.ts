// Completion in real shells: what they offer is what there is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensurePackages, whyNoPackages } from '../lab/install.ts';
import { has, run as runProgram } from '../lab/run.ts';
import { run } from './run.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-completion-'));
const script = (shell: string): string => join(dir, shell);

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await run(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(script(shell), out);
  }
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Line → what is offered for its last word. */
const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['tmpfleet no', ['node', 'node-agent']],
  ['tmpfleet node ', ['add', 'cordon', 'drain', 'help', 'ls', 'rm', 'uncordon']],
  ['tmpfleet node drain --f', ['--force', '--front']],
  // What follows a flag is its value, whatever it is called.
  ['tmpfleet pool resize --warm ', ['all']],
  ['tmpfleet node add --id node --no', ['--no-probe']],
  ['tmpfleet sandbox ls --state c', ['claimed']],
  ['tmpfleet redirector --log-format ', ['auto', 'json', 'pretty']],
  ['tmpfleet completion ', ['bash', 'fish', 'zsh']],
];

test.each(CASES)('bash completes %j', async (line, offered) => {
  const words = line.split(' ');
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tmpfleet; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = await runProgram('bash', ['--norc', '-c', program, 'bash', script('bash'), ...words]);
  expect(out.trim().split('\n').sort()).toEqual(offered);
});

const why = whyNoPackages();
const others = describe.skipIf(why !== undefined && !(has('fish') && has('zsh') && has('tmux')));

others('other shells', () => {
  beforeAll(() => ensurePackages(['fish']));

  test('fish completes the same', async () => {
    for (const [line, offered] of CASES) {
      const out = await runProgram('fish', [
        '--no-config',
        '-c',
        'source $argv[1]; complete -C $argv[2]',
        script('fish'),
        line,
      ]);
      const names = out.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0]]));
      expect(names.sort(), line).toEqual(offered);
    }
  });
});
