// The script that a sandbox's shell runs.
import { expect, test } from 'vitest';
import { JUPYTER_COMMAND, shellScript } from '../../../node-agent/engine/command.ts';

test.each([
  'jupyter lab --ip 0.0.0.0',
  `node -e 'a(); b(1 > 2)' x`,
  'python -m http.server "--bind=$IP;" 8888',
  'printf a\\;b',
  JUPYTER_COMMAND,
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

test.each(['execute', 'cdrom', 'setup', './prog', '.venv/bin/jupyter', 'iffy'])(
  'a program whose name begins like a builtin is a program: %s',
  (command) => expect(shellScript(command)).toBe(`exec ${command}`),
);
