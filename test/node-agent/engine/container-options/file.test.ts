// The file of --container-options: what is taken, what is refused, and how that is said.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../../node-agent/config.ts';
import { checkNodeAgentConfig } from '../../../../node-agent/config-check.ts';
import {
  containerOptionsProblems,
  readContainerOptions,
} from '../../../../node-agent/engine/docker/container-options/read.ts';
import { REFUSED_NAMES } from '../../../../node-agent/engine/docker/container-options/refused.ts';
import { chooseEngine } from '../../../../node-agent/engine/index.ts';
import { defaultsOf } from '../../../contract/defaults.ts';
import { containerFiles, defaults, EVERYTHING } from './support.ts';

const { configOf, dir, file, problemsOf } = containerFiles();

describe('a file for --container-options', () => {
  test('holds what an operator brings along, and paths are taken for what they mean', () => {
    expect(readContainerOptions(configOf(EVERYTHING))).toEqual({
      dangers: [],
      options: {
        cpu_shares: 512,
        memory_reservation: 256 * 1024 ** 2,
        shm_size: 128 * 1024 ** 2,
        mounts: [
          { source: '/data', target: '/data', mode: 'ro' },
          { source: '/srv/sets', target: '/home/jovyan/sets', mode: 'ro' },
        ],
        tmpfs: {
          '/scratch': { size: 64 * 1024 ** 2, exec: true },
          '/tmp': { size: 256 * 1024 ** 2, exec: false },
        },
        extra_hosts: ['mirror.example.org:192.0.2.7', 'six.example.org:2001:db8::7'],
        labels: { 'org.example.team': 'press', rack: '7' },
        ulimits: { nofile: { soft: 1024, hard: 16384 }, fsize: { soft: 1_000_000, hard: 1_000_000 } },
        security_opt: ['apparmor=notebooks'],
      },
    });
  });

  test('may be the example of docs/operations.md', () => {
    const document = readFileSync('docs/operations.md', 'utf8');
    const [, section = ''] = document.split('## Further options of containers\n');
    const [, example = ''] = /```yaml\n([^`]*)```/.exec(section) ?? [];
    expect(example).toContain('/data:/data:ro');
    expect(problemsOf(example)).toEqual([]);
  });

  test('may be JSON, or empty', () => {
    expect(readContainerOptions(configOf({ cpu_shares: 2 })).options).toEqual({ cpu_shares: 2 });
    expect(readContainerOptions(configOf('')).options).toEqual({});
  });

  test.each<[string, unknown, string]>([
    [
      'an unknown field',
      { cpu_share: 5 },
      'cpu_share: unknown field; did you mean cpu_shares? (there are cpu_shares, memory_reservation, shm_size, mounts, tmpfs, extra_hosts, labels, ulimits, security_opt, devices, gpus, cap_add)',
    ],
    [
      'a name as Docker’s API spells it',
      { ShmSize: '1g' },
      'ShmSize: unknown field; did you mean shm_size? (there are',
    ],
    [
      'a number out of range',
      { cpu_shares: 1 },
      'cpu_shares: invalid value 1; expected a whole number from 2 to 262144',
    ],
    ['text for a number', { cpu_shares: '512' }, 'cpu_shares: invalid value "512"; expected a whole number'],
    [
      'a size without a unit',
      { shm_size: 64 },
      'shm_size: invalid value 64; expected a size with a unit, such as 128m',
    ],
    [
      'too small a reservation',
      { memory_reservation: '1m' },
      'memory_reservation: invalid value "1m"; expected a size',
    ],
    [
      'a reservation above --memory',
      { memory_reservation: '1g' },
      'memory_reservation: 1g is more than --memory, which is 512m',
    ],
    [
      'a mount without its mode',
      { mounts: ['/data:/data'] },
      'mounts[0]: invalid value "/data:/data"; expected a mount such as /data:/data:ro',
    ],
    [
      'a volume of Docker',
      { mounts: ['/data:/data:ro', 'vol:/data:ro'] },
      'mounts[1]: invalid value "vol:/data:ro"',
    ],
    [
      'mounts that are no list',
      { mounts: '/data:/data:ro' },
      'mounts: invalid value "/data:/data:ro"; expected a list; each is a mount',
    ],
    ['a place twice', { mounts: ['/a:/data:ro'], tmpfs: { '/data/': '1m' } }, 'tmpfs: /data is given twice'],
    [
      'a tmpfs without a size',
      { tmpfs: { '/a': { mode: '700' } } },
      'tmpfs./a.size: invalid value {"mode":"700"}; expected paths with a size',
    ],
    [
      'another option of a tmpfs',
      { tmpfs: { '/a': { size: '1m', uid: 5 } } },
      'tmpfs./a.uid: unknown key; expected paths with a size',
    ],
    [
      'a mode with setuid',
      { tmpfs: { '/a': { size: '1m', mode: '4755' } } },
      'tmpfs./a.mode: invalid value "4755"',
    ],
    ['a relative path', { tmpfs: { a: '1m' } }, 'tmpfs.a: invalid value "1m"; expected paths with a size'],
    [
      'a host without an address',
      { extra_hosts: ['a.example.org:host-gateway'] },
      'extra_hosts[0]: invalid value "a.example.org:host-gateway"; expected a list of name:address',
    ],
    [
      'a label of ours',
      { labels: { 'tmpfleet.node': 'x' } },
      'labels.tmpfleet.node: labels that begin with tmpfleet.',
    ],
    [
      'a label of Docker Compose',
      { labels: { 'com.docker.compose.project': 'x' } },
      'labels.com.docker.compose.project: labels that',
    ],
    [
      'a label with a list',
      { labels: { a: ['x'] } },
      'labels.a: invalid value ["x"]; expected names with a text',
    ],
    ['an unknown limit', { ulimits: { files: 5 } }, 'ulimits.files: unknown limit; there are as, core, cpu'],
    [
      'soft above hard',
      { ulimits: { nofile: { soft: 2, hard: 1 } } },
      'ulimits.nofile: soft is 2, which is more than hard, 1',
    ],
    [
      'soft without an end',
      { ulimits: { stack: { soft: -1, hard: 1 } } },
      'ulimits.stack: soft is -1, which is more than hard, 1',
    ],
    [
      'half of a limit',
      { ulimits: { nofile: { soft: 5 } } },
      'ulimits.nofile.hard: invalid value {"soft":5}; expected names with',
    ],
    [
      'a device that is no path',
      { devices: ['kvm'] },
      'devices[0]: invalid value "kvm"; expected a list of devices',
    ],
    ['no GPU', { gpus: 0 }, 'gpus: invalid value 0; expected all, a number of GPUs, or a list of their ids'],
    [
      'a capability in small letters',
      { cap_add: ['net_raw'] },
      'cap_add[0]: invalid value "net_raw"; expected',
    ],
    [
      'words for a security option',
      { security_opt: ['no new privileges'] },
      'security_opt[0]: invalid value',
    ],
  ])('%s is refused, with field, value and what is expected', (_, given, problem) => {
    const problems = problemsOf(given, { unsafeContainerOptions: true });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test.each<[unknown, string]>([
    ['- a list', 'cannot be read: it is not a list of names and values'],
    ['cpu_shares: [', 'cannot be read: '],
    ['cpu_shares: 2\ncpu_shares: 3', 'cannot be read: '],
    ['x'.repeat(256 * 1024 + 1), 'cannot be read: it is longer than 262144 bytes'],
  ])('that is not a set of fields is named, and why', (given, problem) => {
    expect(problemsOf(given).join()).toContain(`"DIR/containers.yaml" ${problem}`);
  });

  test('that is missing is named, and why', () => {
    expect(containerOptionsProblems({ ...defaults, containerOptions: join(dir, 'none') }).join()).toMatch(
      /^container-options: ".*none" cannot be read: ENOENT/,
    );
  });

  test('shows all that is wrong at once', () => {
    expect(problemsOf({ cpu_shares: 0, privileged: true, devices: ['/dev/kvm'] })).toHaveLength(3);
  });

  test.each(REFUSED_NAMES)('%s is refused with a reason of its own, with the unsafe option too', (name) => {
    const problems = problemsOf({ [name]: 'x' }, { unsafeContainerOptions: true });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: (not possible: |use )`));
  });

  test.each([
    ['Privileged', 'Privileged: not possible: it would undo the isolation of sandboxes'],
    ['network-mode', 'network-mode: not possible: it would undo the isolation of sandboxes'],
    ['log_options', 'log_options: not possible: what a sandbox prints stays in it'],
    ['environment', 'environment: use --extra-env'],
    ['host_directories', 'host_directories: use mounts, in this file'],
  ])('%s is explained', (name, problem) => {
    expect(problemsOf({ [name]: 'x' })[0]).toContain(problem);
  });

  test.each([
    ['/', 'it would hide the files of the image'],
    ['/home/jovyan', 'it would hide the home directory of the sandbox'],
    ['/home', 'it would hide the home directory of the sandbox'],
    ['/tmp', 'it would hide /tmp of the sandbox'],
    ['/run', '/run/tmpfleet keeps the output'],
    ['/run/tmpfleet/x', '/run/tmpfleet keeps the output'],
    ['/dev/shm', '/dev of a sandbox is Docker'],
    ['/proc/sys', '/proc of a sandbox is Docker'],
    ['/etc', '/etc/hosts of a sandbox is Docker'],
    ['/data/../etc/resolv.conf', '/etc/resolv.conf of a sandbox is Docker'],
  ])('nothing can be put at %s, with the unsafe option neither', (target, why) => {
    const given = { mounts: [`/data:${target}:ro`] };
    const problems = problemsOf(given, { unsafeContainerOptions: true });
    expect(problems).toEqual([expect.stringMatching(/^mounts: nothing can be put at \//)]);
    expect(problems[0]).toContain(why);
  });

  test('a tmpfs cannot be the home directory, whose size is an option', () => {
    expect(problemsOf({ tmpfs: { '/home/jovyan': '1g' } })[0]).toContain('--home-size gives its size');
  });
});

describe('the options of the node-agent', () => {
  const node = { ...defaultsOf(nodeAgentOptions), dataDir: join(dir, 'data') };

  test('are refused together with a file that is wrong, and with an unsafe option without a file', () => {
    const { containerOptions } = configOf({ privileged: true });
    expect(() => checkNodeAgentConfig({ ...node, containerOptions })).toThrow(
      `${file}: privileged: not possible`,
    );
    expect(() => checkNodeAgentConfig({ ...node, unsafeContainerOptions: true })).toThrow(
      'unsafe-container-options: has no effect without --container-options',
    );
    checkNodeAgentConfig(node);
  });

  test('choose Docker, also while it does not answer', async () => {
    const nowhere = { engine: 'auto', dockerHost: 'unix:///nowhere/docker.sock' } as const;
    expect(await chooseEngine({ ...node, ...nowhere, containerOptions: file }, {})).toEqual({
      kind: 'docker',
    });
  });
});
