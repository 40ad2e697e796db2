// Completion in real shells: they offer what the command has.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ensurePackages, whyNoPackages } from '../../lab/install.ts';
import { has, run as runProgram } from '../../lab/run.ts';
import { openTerminal } from '../../support/terminal.ts';
import { run } from '../run.ts';

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
  ['tmpfleet node ', ['add', 'cordon', 'drain', 'help', 'key', 'logs', 'ls', 'rm', 'uncordon']],
  ['tmpfleet node drain --f', ['--force', '--front']],
  // The word after a flag is its value, even if it looks like a verb.
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
  beforeAll(() => ensurePackages(['fish', 'zsh', 'tmux']));

  test('fish offers the same', async () => {
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

  test('zsh completes while typing, and lists the choices', async () => {
    const terminal = await openTerminal('zsh -f -i', { columns: 100, rows: 30 });
    try {
      await terminal.type(
        `autoload -U compinit && compinit -D && source ${script('zsh')} && print ready`,
        'Enter',
      );
      await terminal.shows(/^ready$/m);
      await terminal.type('tmpfleet node dr', 'Tab');
      await terminal.shows(/ tmpfleet node drain *$/m);
      await terminal.type('--fo', 'Tab');
      await terminal.shows(/ tmpfleet node drain --force *$/m);
      await terminal.type('C-u', 'tmpfleet node ', 'Tab');
      const listed = await terminal.shows(/^uncordon +-- /m);
      for (const name of ['add', 'cordon', 'drain', 'ls', 'rm'])
        expect(listed).toMatch(new RegExp(`^${name} +-- \\S`, 'm'));
      await terminal.type('C-u', 'tmpfleet redirector --log-format pr', 'Tab');
      await terminal.shows(/ tmpfleet redirector --log-format pretty *$/m);
    } finally {
      await terminal.end();
    }
  });
});
