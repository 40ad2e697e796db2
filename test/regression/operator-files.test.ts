// Seen: `--prime-cell` and older options that name a file held the start up for ever where their path led to a pipe, and filled the
// memory where it led to a device such as /dev/zero. Why: each read its file by itself, to the end. Holds now: one function reads
// them all, refuses what is no file, and stops at a limit; the error names the option and the path.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { tmpfleet } from '../support/tmpfleet.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-operator-files-'));
afterAll(() => rmSync(dir, { recursive: true }));
const [pipe, zeros, empty] = [join(dir, 'pipe'), join(dir, 'zeros'), join(dir, 'empty')];

beforeAll(() => {
  // Closed to others, so that it could hold a secret.
  execFileSync('mkfifo', ['-m', '600', pipe]);
  symlinkSync('/dev/zero', zeros);
  writeFileSync(empty, '', { mode: 0o600 });
  for (const name of ['brand', 'logo', 'docker', 'data']) mkdirSync(join(dir, name));
  symlinkSync(pipe, join(dir, 'brand', 'brand.yaml'));
  writeFileSync(join(dir, 'logo', 'brand.yaml'), 'name: Example\nlogo: logo.svg\n');
  symlinkSync(zeros, join(dir, 'logo', 'logo.svg'));
  symlinkSync(zeros, join(dir, 'docker', 'ca.pem'));
  symlinkSync(zeros, join(dir, 'data', 'nodes.json'));
});

const node = ['node-agent', '--print-config'];
const docker = [...node, '--engine', 'docker'];
const remote = ['node-agent', '--data-dir', join(dir, 'data'), '--docker-host', 'tcp://127.0.0.1:1'];
const load = ['load', 'http://127.0.0.1:9', '--dry-run'];

test.each([
  ['config', [...node, '--config', zeros]],
  ['node-key-file', [...node, '--node-key-file', pipe]],
  ['control-token-file', ['redirector', '--print-config', '--control-token-file', pipe]],
  ['control-token-file', ['node', 'ls', '--control-token-file', pipe]],
  ['secret-file', ['node', 'key', 'node1', '--secret-file', pipe]],
  ['prime-cell', [...node, '--prime', 'a.ipynb', '--prime-cell', pipe]],
  ['prime-cell', [...node, '--prime', 'a.ipynb', '--prime-cell', zeros]],
  ['container-options', [...docker, '--container-options', zeros]],
  ['registry-auth', [...docker, '--image', 'example.org/a', '--registry-auth', pipe]],
  ['brand-dir', [...node, '--brand-dir', join(dir, 'brand')]],
  ['logo', ['redirector', '--print-config', '--brand-dir', join(dir, 'logo')]],
  ['tls-key', [...node, '--tls-cert', zeros, '--tls-key', pipe]],
  ['tls-cert', [...node, '--tls-cert', zeros, '--tls-key', empty]],
  ['docker-cert-path', [...remote, '--docker-cert-path', join(dir, 'docker')]],
  ['nodes.json', ['redirector', '--port', '0', '--control-port', '0', '--data-dir', join(dir, 'data')]],
  [
    'steps',
    ['load', 'http://127.0.0.1:9', '--profile', 'http', '--steps', zeros, '--rate', '1', '--for', '1s'],
  ],
  ['trace', [...load, '--shape', `trace:${pipe}`]],
  ['join', ['load', '--join', zeros]],
  ['check', [...load, '--check', zeros]],
])('%s that is no file is refused', async (option, args) => {
  const run = tmpfleet(args);
  onTestFinished(() => void run.process.kill('SIGKILL'));
  expect(await run.ended).not.toBe(0);
  expect(run.output()).toMatch(new RegExp(`${option}\\b.*(is a pipe|is a device), not a file`));
});
