// The script that a sandbox's shell runs.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { JUPYTER_COMMAND, shellScript } from '../../../node-agent/engine/command.ts';

test.each([
  'jupyter lab --ip 0.0.0.0',
  `node -e 'a(); b(1 > 2)' x`,
  'python -m http.server "--bind=$IP;" 8888',
  'printf a\\;b',
])('a simple command replaces the shell: %s', (command) =>
  expect(shellScript(command)).toBe(`exec ${command}`),
);

test.each([
  'A=1 prog',
  'A= prog',
  'cp a b; prog',
  'cd x && prog',
  'a || b',
  'a | b',
  'prog &',
  'prog 2>&1',
  '(prog)',
  'prog $(cat port)',
  'prog `cat port`',
  'exec prog',
  'cd x',
  'export A=1\nprog',
  '{ prog; }',
  '! prog',
  '. ./env',
  'if a; then b; fi',
  'prog # a remark',
])('anything else is left to the shell: %s', (command) => expect(shellScript(command)).toBe(command));

test.each([
  { has: ['jupyter-notebook', 'jupyter-lab'], runs: 'notebook' },
  { has: ['jupyter-notebook'], runs: 'notebook' },
  { has: ['jupyter-lab'], runs: 'lab' },
  // It may find what the shell does not.
  { has: [], runs: 'notebook' },
])('of Jupyter $has the default command runs $runs, in place of the shell', ({ has, runs }) => {
  const bin = mkdtempSync(join(tmpdir(), 'tmpfleet-jupyter-'));
  for (const name of has) writeFileSync(join(bin, name), '', { mode: 0o755 });
  writeFileSync(join(bin, 'jupyter'), '#!/bin/sh\necho "$$ $*"\n', { mode: 0o755 });
  const { stdout, pid } = spawnSync('/bin/sh', ['-c', shellScript(JUPYTER_COMMAND)], { env: { PATH: bin } });
  rmSync(bin, { recursive: true });
  expect(String(stdout)).toContain(`${pid} ${runs} --no-browser --ip=`);
});

test.each(['execute', 'cdrom', 'setup', './prog', '.venv/bin/jupyter', 'iffy'])(
  'a program whose name begins like a builtin is a program: %s',
  (command) => expect(shellScript(command)).toBe(`exec ${command}`),
);
