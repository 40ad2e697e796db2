// What a file for --container-options changes of a container, and what it leaves as it is.
import { expect, test } from 'vitest';
import { createOptions, recipeOf } from '../../../../node-agent/engine/docker/container.ts';
import type { ContainerOptions } from '../../../../node-agent/engine/docker/container-options/fields.ts';
import { readContainerOptions } from '../../../../node-agent/engine/docker/container-options/read.ts';
import { containerFiles, defaults, EVERYTHING } from './support.ts';

const { configOf } = containerFiles();

const image = {
  id: 'sha256:1',
  user: 'jovyan',
  workingDir: '',
  entrypoint: [],
  volumes: ['/data/', '/cache'],
};
const made = (extra?: ContainerOptions) =>
  createOptions({
    ...{
      nodeId: 'n',
      spec: { id: 's', token: 't' },
      config: defaults,
      image,
      disk: {},
      network: 'net',
      extra,
      recipe: recipeOf(defaults, extra),
    },
    ...{ user: { user: 'jovyan', uid: 1000, gid: 100 }, hasOwnUser: false },
  });
const everything = readContainerOptions(configOf(EVERYTHING)).options;

test('a container keeps every limit and label that the file does not name', () => {
  const { Labels: ownLabels, HostConfig: own = {} } = made();
  const { Labels, HostConfig = {} } = made(everything);
  const { Tmpfs = {}, Ulimits, SecurityOpt, ...rest } = own;
  expect(HostConfig).toMatchObject(rest);
  expect(Labels).toMatchObject({ ...ownLabels, 'tmpfleet.recipe': expect.any(String), rack: '7' });
  expect(HostConfig.SecurityOpt).toEqual([...(SecurityOpt ?? []), 'apparmor=notebooks']);
  expect(HostConfig.Ulimits).toEqual([
    ...(Ulimits ?? []).filter(({ Name }) => Name !== 'nofile'),
    { Name: 'nofile', Soft: 1024, Hard: 16384 },
    { Name: 'fsize', Soft: 1_000_000, Hard: 1_000_000 },
  ]);
  const { '/data/': volume, '/tmp': tmp, ...others } = Tmpfs;
  expect([volume, tmp]).toEqual([expect.stringContaining('size='), expect.stringContaining('size=')]);
  expect(HostConfig.Tmpfs).toEqual({
    ...others,
    '/scratch': 'rw,exec,nosuid,nodev,uid=1000,gid=100,mode=700,size=67108864',
    '/tmp': 'rw,noexec,nosuid,nodev,uid=1000,gid=100,mode=1777,size=268435456',
  });
});

test('a container gets devices and GPUs in the words of Docker', () => {
  const given = { devices: ['/dev/kvm', '/dev/fuse:/dev/f:rw'], gpus: 'all', cap_add: ['NET_RAW'] };
  const { options } = readContainerOptions(configOf(given, { unsafeContainerOptions: true }));
  expect(made(options).HostConfig).toMatchObject({
    CapDrop: ['ALL'],
    CapAdd: ['NET_RAW'],
    Devices: [
      { PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rwm' },
      { PathOnHost: '/dev/fuse', PathInContainer: '/dev/f', CgroupPermissions: 'rw' },
    ],
    DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }],
  });
});

test('a container has another recipe with another file, and not with another order of its fields', () => {
  const recipe = (given: unknown): string =>
    recipeOf(defaults, readContainerOptions(configOf(given)).options);
  expect(recipe('cpu_shares: 5\nshm_size: 1m')).toBe(recipe('shm_size: 1m\ncpu_shares: 5'));
  expect(recipe('cpu_shares: 5')).not.toBe(recipe('cpu_shares: 6'));
  expect(recipe('cpu_shares: 5')).not.toBe(recipeOf(defaults));
  expect(made(everything).Labels?.['tmpfleet.recipe']).toBe(recipeOf(defaults, everything));
});
