// The command as its user sees it: help, configuration, refusals, exit codes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { redirectorOptions } from '../../redirector/config.ts';
import type { Options } from '../../shared/config/option.ts';
import { envName, kebab } from '../../shared/config/option-names.ts';
import { tmpfleet } from '../support/tmpfleet.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-cli-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = tmpfleet(args, env);
  const code = await child.ended;
  return { code, output: child.output() };
}

describe('tmpfleet', () => {
  test('prints its version, its verbs and its exit codes', async () => {
    expect((await run(['--version'])).output).toMatch(/^\d+\.\d+\.\d+/);
    const { code, output } = await run(['--help']);
    expect(code).toBe(0);
    for (const word of ['redirector', 'node-agent', 'demo', 'Exit codes']) expect(output).toContain(word);
    expect([...output.matchAll(/^(\w+):$/gm)].map(([, heading]) => heading)).toEqual([
      'Options',
      'Run',
      'Operate',
      'Publish',
      'Check',
      'Other',
    ]);
  });

  test.each([
    [['redirctor'], 'Did you mean redirector?'],
    [['--front', 'http://x', 'node', 'ls'], "unknown option '--front'; a verb's options stand after it"],
    [['redirector', '--prot', '1'], 'unknown option --prot; did you mean --port?'],
    [['lod', '--help'], "unknown command 'lod'; did you mean load?"],
    [['qqqqq', '--help'], "unknown command 'qqqqq'; there are: demo, redirector"],
    [['pool', 'resiz', '--help'], "unknown command 'resiz'; did you mean resize?"],
    [['help', 'nod'], "unknown command 'nod'; did you mean node"],
    [['redirector', '--secret', 'abc'], 'use --secret-file or TMPFLEET_SECRET'],
    [['node-agent', '--pool_size=60'], 'unknown option --pool_size; tmpfleet calls it --capacity'],
    [['redirector', '--default-target', 'x'], 'the node-agent creates and removes the routes itself'],
    [
      ['node-agent', '--print-config', '--warm', '70', '--capacity', '60'],
      'warm: 70 is more than the capacity',
    ],
    [['node-agent', '--print-config', '--require-ticket'], 'require-ticket: needs the key of this node'],
    [
      ['node-agent', '--host_directories=/data:/data:ro'],
      'tmpfleet calls it --container-options (mounts in that file, such as /data:/data:ro)',
    ],
    [
      ['node-agent', '--print-config', '--engine', 'local', '--container-options', '/dev/null'],
      'container-options: needs --engine docker; sandboxes of the local engine are no containers',
    ],
    [['redirector', '--print-config', '--control-host', '0.0.0.0'], 'a control token is required'],
  ])('%j is a usage error that suggests what was meant', async (args, hint) => {
    const { code, output } = await run(args);
    expect(code).toBe(2);
    expect(output).toContain(hint);
  });

  test('takes the flags of a control verb before or after it', async () => {
    const url = 'http://127.0.0.1:1';
    for (const args of [
      ['pool', '--node', url, 'status'],
      ['pool', 'status', '--node', url],
    ]) {
      const { code, output } = await run(args);
      expect(code).toBe(4);
      expect(output).toContain('the node cannot be reached: 127.0.0.1:1 refuses connections');
    }
  });
});

test('a verb that asks a front or a node warns of a misspelt variable, and of none of the servers', async () => {
  const env = {
    TMPFLEET_FRNT: 'http://127.0.0.1:1',
    TMPFLEET_CAPACITY: '3',
    TMPFLEET_NODE: 'http://127.0.0.1:1',
  };
  const { output } = await run(['node', 'ls', '--front', 'http://127.0.0.1:1'], env);
  expect(output.match(/unknown variable.*/g)).toEqual([
    'unknown variable TMPFLEET_FRNT is ignored; did you mean TMPFLEET_FRONT?',
  ]);
});

test('a verb’s help names environment variables only where it reads them', async () => {
  expect((await run(['demo', '--help'])).output.replaceAll(/\s+/g, ' ')).toContain('env: TMPFLEET_COMMAND');
  const { output } = await run(['plan', '--help']);
  expect(output).toContain('--readers');
  expect(output).not.toContain('TMPFLEET_');
});

describe.each<[string, Options]>([
  ['redirector', redirectorOptions],
  ['node-agent', nodeAgentOptions],
])('tmpfleet %s', (verb, options) => {
  test('--help names every option under its heading, with its environment variable', async () => {
    const { code, output } = await run([verb, '--help']);
    expect(code).toBe(0);
    for (const [name, { group }] of Object.entries(options)) {
      expect(output).toContain(`--${kebab(name)}`);
      expect(output.replaceAll(/\s+/g, ' ')).toContain(envName(name));
      expect(output).toContain(`\n${group}:\n`);
    }
  });

  test('in code, the name of a time ends in Ms, and that of a size in Bytes', () => {
    const unitOf: Record<string, string> = { time: 'Ms', size: 'Bytes' };
    for (const [name, { kind }] of Object.entries(options)) {
      expect(name).toMatch(new RegExp(`${unitOf[kind.metavar ?? ''] ?? '(?<!Ms|Bytes)'}$`));
    }
  });

  test('--print-config prints the options that are set, and no defaults', async () => {
    const { code, output } = await run([verb, '--print-config', '--port', '1234']);
    expect([code, output]).toEqual([0, 'port: 1234  # --port\n']);
  });

  test('--print-config=all prints every option, as a configuration file', async () => {
    // Longer than a line of YAML.
    const proxies = Array.from({ length: 9 }, (_, n) => `192.0.${n}.0/24`).join();
    const args = [
      verb,
      '--port',
      '1234',
      '--print-config=all',
      '--trust-proxy',
      '--trusted-proxies',
      proxies,
    ];
    const first = await run(args, { TMPFLEET_CONTROL_PORT: '4321', TMPFLEET_SECRET: 'never-to-be-printed' });
    expect(first.code).toBe(0);
    expect(first.output).toContain('port: 1234  # --port');
    expect(first.output).toContain('control-port: 4321  # TMPFLEET_CONTROL_PORT');
    expect(first.output).not.toContain('never-to-be-printed');
    const file = join(dir, `${verb}.yaml`);
    writeFileSync(file, first.output);
    const second = await run([verb, '--config', file, '--print-config=all']);
    const values = (text: string) => text.replaceAll(/ {2}# .*/g, '').replace('(set)', '(not set)');
    expect(values(second.output)).toBe(values(first.output));
  });

  test('refuses an invalid configuration with every error at once and exit code 2', async () => {
    const { code, output } = await run([verb, '--port', '70000', '--log-level', 'loud'], {
      TMPFLEET_CONTROL_PORT: 'x',
    });
    expect(code).toBe(2);
    expect(output).toContain('--port: invalid value "70000"; expected a port from 0 to 65535');
    expect(output).toContain('--log-level: invalid value "loud"; expected one of');
    expect(output).toContain('TMPFLEET_CONTROL_PORT: invalid value "x"; expected a port');
  });

  test('refuses a control listener beyond loopback without a token', async () => {
    const { code, output } = await run([verb, '--control-host', '0.0.0.0', '--data-dir', dir]);
    expect(code).toBe(2);
    expect(output).toContain('TMPFLEET_CONTROL_TOKEN');
  });
});

test('the local engine refuses to listen beyond loopback unless it is allowed', async () => {
  const { code, output } = await run(['node-agent', '--engine', 'local', '--data-dir', dir]);
  expect(code).toBe(2);
  expect(output).toContain('the local engine does not isolate sandboxes');
  expect(output).toContain('--unsafe-listen');
});

test('without Docker, the local engine names Docker first when it refuses to listen', async () => {
  const { code, output } = await run(['node-agent', '--data-dir', dir], {
    DOCKER_HOST: 'unix:///nowhere/docker.sock',
  });
  expect(code).toBe(2);
  expect(output).toMatch(/^tmpfleet: Docker does not answer at unix:\/\/\/nowhere\/docker\.sock: /m);
  expect(output).toContain('give --engine docker to wait for it');
});

test('an image means Docker, and the agent waits for it', async () => {
  const agent = tmpfleet(
    [
      ...['node-agent', '--image', 'quay.io/jupyter/base-notebook', '--log-format', 'json'],
      ...['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', join(dir, 'image')],
    ],
    { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
  );
  await agent.printed(/unix:\/\/\/nowhere\/docker\.sock.*is Docker running.*trying again/);
  expect(await agent.stop()).toBe(130);
});

describe('a missing Docker', () => {
  const args = [
    ...['node-agent', '--engine', 'docker', '--docker-host', 'unix:///nowhere/docker.sock'],
    ...['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', join(dir, 'no-docker')],
  ];

  test('is waited for, and named with a remedy; a signal ends the wait', async () => {
    const agent = tmpfleet([...args, '--log-format', 'json']);
    await agent.printed(/unix:\/\/\/nowhere\/docker\.sock.*is Docker running.*trying again/);
    await agent.printed(/(?:trying again.*\n.*){3}/s);
    expect(await agent.stop()).toBe(130);
  });

  test('ends an agent that is only for a demo or a test', async () => {
    const { code, output } = await run([...args, '--ephemeral']);
    expect(code).toBe(1);
    expect(output).toContain('unix:///nowhere/docker.sock');
    expect(output).toMatch(/is Docker running/);
  });
});

test('warns of a misspelt TMPFLEET_ variable', async () => {
  const child = tmpfleet(
    ['redirector', '--port', '0', '--control-port', '0', '--data-dir', join(dir, 'warned')],
    { TMPFLEET_PROT: '1' },
  );
  await child.printed(/unknown variable TMPFLEET_PROT is ignored; did you mean TMPFLEET_PORT\?/);
  await child.printed(/redirector is up/);
  expect(await child.stop()).toBe(0);
});
