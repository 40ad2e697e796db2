// `--print-config` accepted configurations that the program then refused to start with. The Ansible role validates with it, so
// a playbook would have restarted every agent into exit code 2, after which its unit does not try again.
// SIGHUP, which operators send to reload, ended both programs without a log line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tmpfleet } from '../support/tmpfleet.ts';

test.each([
  ['node-agent', ['--warm', '30', '--capacity', '20'], /warm: 30 is more than the capacity/],
  ['node-agent', ['--require-ticket'], /require-ticket: .*key of this node/],
  ['node-agent', ['--control-host', '0.0.0.0'], /control-host: .*token/],
  ['node-agent', ['--engine', 'local', '--host', '0.0.0.0'], /host: the local engine does not isolate/],
  ['redirector', ['--control-host', '0.0.0.0'], /control-host: .*token/],
  ['redirector', ['--registry', 'redis://:pass@127.0.0.1'], /registry: a password/],
])('%s %j is refused by --print-config as by the start', async (program, flags, words) => {
  const printed = tmpfleet([program, ...flags, '--print-config']);
  expect(await printed.ended).toBe(2);
  expect(printed.output()).toMatch(words);
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-check-'));
  try {
    const started = tmpfleet([program, ...flags, '--port', '0', '--control-port', '0', '--data-dir', dir]);
    expect(await started.ended).toBe(2);
    expect(started.output()).toBe(printed.output());
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test.each([
  ['redirector', []],
  ['node-agent', ['--engine', 'local', '--command', 'sleep 60', '--warm', '0', '--ephemeral']],
])('%s reads its configuration again at a SIGHUP, and goes on', async (program, flags) => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-hup-'));
  const run = tmpfleet([
    ...[program, '--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', dir],
    ...['--log-format', 'json', ...flags],
  ]);
  try {
    const [, url = ''] = await run.printed(/"url":"(http:[^"]+)"/);
    run.process.kill('SIGHUP');
    await run.printed(/the configuration was read again/);
    expect((await fetch(`${url}/stats`)).status).toBe(200);
    expect(await run.stop()).toBe(0);
  } finally {
    run.process.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
