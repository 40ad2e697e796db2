// A checked file for --container-options, in the words of Docker's API.
import type Dockerode from 'dockerode';
import type { ContainerOptions } from './fields.ts';
import { canonical } from './mounts.ts';

/** These fields only, so that none of the hardening can be replaced here. */
type Additions = Pick<
  Dockerode.HostConfig,
  | 'CpuShares'
  | 'MemoryReservation'
  | 'ShmSize'
  | 'Mounts'
  | 'ExtraHosts'
  | 'Devices'
  | 'DeviceRequests'
  | 'CapAdd'
>;

export function additionsOf(options: ContainerOptions): Additions {
  const { cpu_shares, memory_reservation, shm_size, mounts, extra_hosts, devices, gpus, cap_add } = options;
  return {
    ...(cpu_shares === undefined ? {} : { CpuShares: cpu_shares }),
    ...(memory_reservation === undefined ? {} : { MemoryReservation: memory_reservation }),
    ...(shm_size === undefined ? {} : { ShmSize: shm_size }),
    ...(mounts === undefined ? {} : { Mounts: mounts.map(mountOf) }),
    ...(extra_hosts === undefined ? {} : { ExtraHosts: [...extra_hosts] }),
    ...(devices === undefined ? {} : { Devices: devices.map(deviceOf) }),
    ...(gpus === undefined ? {} : { DeviceRequests: [gpuRequest(gpus)] }),
    ...(cap_add === undefined ? {} : { CapAdd: [...cap_add] }),
  };
}

/**
 * As `Mounts` and not as `Binds`, for which Docker would create a missing directory on the host. Not recursive, because
 * before version 25 Docker left what is mounted below a read-only mount writable.
 */
function mountOf({ source, target, mode }: NonNullable<ContainerOptions['mounts']>[number]) {
  return {
    ...{ Type: 'bind' as const, Source: source, Target: target, ReadOnly: mode === 'ro' },
    BindOptions: { Propagation: 'rprivate' as const, NonRecursive: true },
  };
}

function deviceOf(text: string) {
  const [host = '', inside = host, permissions = 'rwm'] = text.split(':');
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}

function gpuRequest(gpus: NonNullable<ContainerOptions['gpus']>): Dockerode.DeviceRequest {
  const which = Array.isArray(gpus) ? { DeviceIDs: gpus } : { Count: gpus === 'all' ? -1 : Number(gpus) };
  return { Driver: '', ...which, Capabilities: [['gpu']] };
}

/** Ours, with those of the file in place of ours of the same name. */
export function ulimitsOf<T extends { readonly Name: string }>(
  ours: readonly T[],
  { ulimits = {} }: ContainerOptions,
) {
  return [
    ...ours.filter(({ Name }) => !Object.hasOwn(ulimits, Name)),
    ...Object.entries(ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
  ];
}

/**
 * The tmpfs of a sandbox, with those of the file, and without those whose place a mount of the file takes.
 * @param ours by path, as Docker writes them
 * @param owner of a new one: `uid=…,gid=…`
 */
export function tmpfsOf(
  ours: Readonly<Record<string, string>>,
  { tmpfs = {}, mounts = [] }: ContainerOptions,
  owner: string,
): Record<string, string> {
  const theirs = Object.entries(tmpfs).map(([path, { size, mode, exec }]) => {
    const access = mode ?? (path === '/tmp' ? '1777' : '700');
    return [path, `rw,${exec ? 'exec' : 'noexec'},nosuid,nodev,${owner},mode=${access},size=${size}`];
  });
  // An image may write the path of a volume with a slash at the end.
  const taken = new Set([...mounts.map(({ target }) => target), ...Object.keys(tmpfs)]);
  return Object.fromEntries([
    ...Object.entries(ours).filter(([path]) => !taken.has(canonical(path))),
    ...theirs,
  ]);
}
