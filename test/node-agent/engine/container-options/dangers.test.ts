// What only --unsafe-container-options allows.
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkAtOpen } from '../../../../node-agent/engine/docker/container-options/at-open.ts';
import { readContainerOptions } from '../../../../node-agent/engine/docker/container-options/read.ts';
import { silentLogger } from '../../../contract/defaults.ts';
import { containerFiles } from './support.ts';

const { configOf, dir, problemsOf } = containerFiles();

const outside = join(dir, 'outside');
mkdirSync(outside);
mkdirSync(join(dir, 'data'));
symlinkSync('/etc', join(outside, 'harmless'));
symlinkSync(join(dir, 'data'), join(outside, 'mine'));

interface ContainerOptionsInput {
  readonly mounts?: readonly string[];
  readonly ulimits?: Readonly<Record<string, number>>;
  readonly security_opt?: readonly string[];
  readonly devices?: readonly string[];
  readonly gpus?: string;
  readonly cap_add?: readonly string[];
}

/** By what makes them dangerous. */
const DANGERS: readonly (readonly [string, ContainerOptionsInput, string])[] = [
  ...(
    [
      ['/', 'it holds the processes of the host'],
      ['/proc', 'it holds the processes of the host'],
      ['/sys/fs/cgroup', 'it holds the devices and settings of the kernel'],
      ['/dev', 'it holds the devices of the host'],
      ['/etc', 'it holds the settings and keys of the host'],
      ['/data/../etc/ssh', 'it holds the settings and keys of the host'],
      ['/run', "it holds the sockets of the host's services"],
      ['/var/run/docker.sock', "it holds the sockets of the host's services"],
      ['/var', "it holds the sockets of the host's services"],
      ['/var/lib', "it holds Docker's own data"],
      ['/root/.ssh', 'it holds the files of root'],
      ['/boot', 'it holds the kernel of the host'],
      ['/home', 'it holds the files of all users of the host'],
      [join(outside, 'harmless'), 'it holds the settings and keys of the host'],
      [join(outside, 'mine'), "it holds the node's own data (--data-dir)"],
      [dir, "it holds the node's own data (--data-dir)"],
      ['/opt/engine', "it holds Docker's socket"],
      ['/opt/keys/key.pem', 'it holds the keys of the Docker engine'],
    ] as const
  ).map(([source, why]) => [`the mount of ${source}`, { mounts: [`${source}:/data:ro`] }, why] as const),
  ['a writable mount', { mounts: ['/srv/sets:/data:rw'] }, 'sandboxes could write there'],
  ['more open files', { ulimits: { nofile: 100_000 } }, 'a limit above 65536 takes from others'],
  ['no limit of locked memory', { ulimits: { memlock: -1 } }, 'a limit above 8388608 takes from others'],
  ['core files', { ulimits: { core: 1 } }, 'a limit above 0 takes from others'],
  ['message queues', { ulimits: { msgqueue: 900_000 } }, 'a limit above 819200 takes from others'],
  ['signals', { ulimits: { sigpending: 5000 } }, 'a limit above 4096 takes from others'],
  ['a higher priority', { ulimits: { nice: 20 } }, 'a limit above 0 takes from others'],
  ['real time', { ulimits: { rtprio: 1 } }, 'a limit above 0 takes from others'],
  ['processes by user', { ulimits: { nproc: 100 } }, '--pids-limit counts each'],
  ['no seccomp', { security_opt: ['seccomp=unconfined'] }, 'only apparmor=NAME is known'],
  ['no AppArmor', { security_opt: ['apparmor=unconfined'] }, 'only apparmor=NAME is known'],
  ['no SELinux', { security_opt: ['label=disable'] }, 'only apparmor=NAME is known'],
  ['new privileges', { security_opt: ['no-new-privileges:false'] }, 'only apparmor=NAME is known'],
  ['a device', { devices: ['/dev/kvm'] }, 'a way into the kernel'],
  ['GPUs', { gpus: 'all' }, 'sandboxes share its memory'],
  ['a capability', { cap_add: ['NET_RAW'] }, 'a part of the rights of root'],
];

const places = { dockerHost: 'unix:///opt/engine/docker.sock', dockerCertPath: '/opt/keys' };

describe.each(DANGERS)('what weakens the isolation: %s', (_, given, why) => {
  test('is refused, with the reason and the option that allows it', () => {
    const problems = problemsOf(given, places);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(why);
    expect(problems[0]).toMatch(/ is refused: .* \(--unsafe-container-options allows it\)$/);
  });

  test('is allowed by that option, and named', () => {
    const config = configOf(given, { ...places, unsafeContainerOptions: true });
    expect(readContainerOptions(config).dangers).toEqual([
      { field: Object.keys(given)[0], value: expect.any(String), why: expect.stringContaining(why) },
    ]);
  });
});

test.each(['/data', '/srv/sets', '/home/alice/sets', '/var/data', '/etcetera', '/opt/engines'])(
  'the mount of %s, read-only, needs no unsafe option',
  (source) => {
    expect(problemsOf({ mounts: [`${source}:/data:ro`] }, places)).toEqual([]);
  },
);

test('a mount of Docker’s data, wherever that is, is refused once Docker says where', () => {
  const checked = readContainerOptions(configOf({ mounts: ['/big:/data:ro'] }));
  const opening = { rootDir: '/big/docker', isUnsafe: false, logger: silentLogger };
  expect(() => checkAtOpen(checked, opening)).toThrow(
    "container-options: mounts: /big:/data:ro: it holds Docker's own data",
  );
  checkAtOpen(checked, { ...opening, isUnsafe: true });
  checkAtOpen(checked, { ...opening, rootDir: '/var/lib/docker' });
});
