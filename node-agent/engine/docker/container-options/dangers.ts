// Which values of a file for --container-options weaken the isolation of sandboxes. They need
// --unsafe-container-options, and the agent's log and `tmpfleet doctor` name them.
import { type ContainerOptions, type FieldName, limitOf } from './fields.ts';
import { type ProtectedPath, whyProtected } from './mounts.ts';

export interface Danger {
  readonly field: FieldName;
  /** As in the file. */
  readonly value: string;
  /** A clause without a full stop. */
  readonly why: string;
}

/**
 * The highest limits that are harmless. Open files are memory of the sandbox (the kernel counts them there); the others
 * are counted by user, so that one sandbox could use up what its peers and users of the host need. A core file goes to a
 * program of the host, and `nice` and `rtprio` let a program push aside all others, in spite of --cpus.
 */
const HIGHEST: Readonly<Record<string, number>> = {
  nofile: 65_536,
  core: 0,
  memlock: 8 * 1024 ** 2,
  msgqueue: 819_200,
  sigpending: 4_096,
  nice: 0,
  rtprio: 0,
};

/** @param places of the host that strangers must not see */
export function dangersOf(options: ContainerOptions, places: readonly ProtectedPath[]): readonly Danger[] {
  const { mounts = [], ulimits = {}, security_opt = [], devices = [], gpus, cap_add = [] } = options;
  return [
    ...mounts.flatMap(({ source, target, mode }): Danger[] => {
      const value = `${source}:${target}:${mode}`;
      const why = whyProtected(source, places);
      return [
        ...(why === undefined ? [] : [{ field: 'mounts' as const, value, why }]),
        ...(mode === 'ro' ? [] : [{ field: 'mounts' as const, value, why: WRITABLE }]),
      ];
    }),
    ...Object.entries(ulimits).flatMap(([name, { hard }]): Danger[] => {
      const why = whyTooHigh(name, hard);
      return why === undefined ? [] : [{ field: 'ulimits', value: `${name}: ${hard}`, why }];
    }),
    ...security_opt
      .filter((value) => !isRestriction(value))
      .map((value) => ({ field: 'security_opt' as const, value, why: LESS_SECURE })),
    ...devices.map((value) => ({ field: 'devices' as const, value, why: DEVICE })),
    ...(gpus === undefined ? [] : [{ field: 'gpus' as const, value: JSON.stringify(gpus), why: GPU }]),
    ...cap_add.map((value) => ({ field: 'cap_add' as const, value, why: CAPABILITY })),
  ];
}

const WRITABLE = 'sandboxes could write there: fill the disk of the host, and change what others read';
const LESS_SECURE = 'only apparmor=NAME is known to take rights away';
const DEVICE = 'the driver of a device is a way into the kernel, and no limit covers the use of a device';
const GPU =
  'its driver is a way into the kernel, and sandboxes share its memory, which no limit covers and nothing clears';
const CAPABILITY = 'it is a part of the rights of root, from which all sandboxes are kept';

function whyTooHigh(name: string, hard: number): string | undefined {
  if (name === 'nproc')
    return 'it counts the processes of all sandboxes with the same user together; --pids-limit counts each';
  const highest = HIGHEST[name];
  return highest === undefined || limitOf(hard) <= highest
    ? undefined
    : `a limit above ${highest} takes from others on the host`;
}

function isRestriction(value: string): boolean {
  return (
    (/^apparmor[=:]./.test(value) && !/^apparmor[=:]unconfined$/.test(value)) ||
    /^no-new-privileges([=:]true)?$/.test(value)
  );
}
