// Mounts of the host's files into sandboxes: how they are written, and which of them a stranger must not see.
import { realpathSync } from 'node:fs';
import { posix, resolve } from 'node:path';
import { z } from 'zod';
import { OUTPUT_DIR } from '../output.ts';

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly mode: 'ro' | 'rw';
}

const MOUNT = /^(\/[^:]*):(\/[^:]*):(ro|rw)$/;
export const MOUNT_EXPECTS = 'a mount such as /data:/data:ro, with the path on the host first';

export const mountSchema = z.string().transform((text, context): Mount => {
  const [, source, target, mode] = MOUNT.exec(text) ?? [];
  if (source === undefined || target === undefined || mode === undefined) {
    const message = `invalid value ${JSON.stringify(text)}; expected ${MOUNT_EXPECTS}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return { source: canonical(source), target: canonical(target), mode: mode === 'rw' ? 'rw' : 'ro' };
});

/** Without `..`, doubled slashes and a slash at the end, which could hide what a path means. */
export function canonical(path: string): string {
  const normal = posix.normalize(path);
  return normal === '/' ? normal : normal.replace(/\/$/, '');
}

export interface ProtectedPath {
  readonly path: string;
  /** Completes "it holds …". */
  readonly holds: string;
}

const OF_EVERY_HOST: readonly ProtectedPath[] = [
  { path: '/proc', holds: 'the processes of the host' },
  { path: '/sys', holds: 'the devices and settings of the kernel' },
  { path: '/dev', holds: 'the devices of the host' },
  { path: '/etc', holds: 'the settings and keys of the host' },
  { path: '/run', holds: "the sockets of the host's services, such as Docker's" },
  { path: '/var/run', holds: "the sockets of the host's services, such as Docker's" },
  { path: '/boot', holds: 'the kernel of the host' },
  { path: '/root', holds: 'the files of root' },
  { path: '/var/lib/docker', holds: "Docker's own data" },
  { path: '/var/lib/containerd', holds: "Docker's own data" },
];

/** Only as a whole: below it, a user of the host may well keep a data set. */
const HOMES = '/home';

export interface NodePlaces {
  readonly dataDir?: string | undefined;
  /** `unix:///…`; other addresses have no file. */
  readonly dockerHost: string;
  readonly dockerCertPath: string;
}

export function protectedPaths({ dataDir = '', dockerHost, dockerCertPath }: NodePlaces): ProtectedPath[] {
  const socket = dockerHost.startsWith('unix://') ? dockerHost.slice('unix://'.length) : '';
  return [
    ...OF_EVERY_HOST,
    ...protect(dataDir, "the node's own data (--data-dir)"),
    ...protect(socket, "Docker's socket, which amounts to root on the host"),
    ...protect(dockerCertPath, 'the keys of the Docker engine (--docker-cert-path)'),
  ];
}

export function protect(path: string, holds: string): readonly ProtectedPath[] {
  return path === '' ? [] : [{ path: resolve(path), holds }];
}

/** Why strangers must not see this path of the host; undefined if they may. */
export function whyProtected(source: string, places: readonly ProtectedPath[]): string | undefined {
  const sources = withTarget(source);
  if (sources.includes(HOMES)) return 'it holds the files of all users of the host';
  const found = places.find(({ path }) =>
    withTarget(path).some((place) => sources.some((each) => isIn(each, place) || isIn(place, each))),
  );
  return found && `it holds ${found.holds}`;
}

/** A path, and where its symbolic links lead, as far as this program can see: in a container, it sees other files. */
function withTarget(path: string): readonly string[] {
  try {
    return [path, realpathSync(path)];
  } catch {
    return [path];
  }
}

function isIn(path: string, place: string): boolean {
  return path === place || place === '/' || path.startsWith(`${place}/`);
}

/**
 * Why nothing can be put at this path of a sandbox; undefined if it can.
 * @param kind a tmpfs may take the place of the sandbox's own /tmp, which is one too
 */
export function whyNotTarget(target: string, kind: 'mount' | 'tmpfs', home: string): string | undefined {
  const hides = (path: string): boolean => isIn(path, target);
  if (target === '/') return 'it would hide the files of the image';
  if (hides(home)) {
    const hint = kind === 'tmpfs' ? '; --home-size gives its size' : '; a path below it is possible';
    return `it would hide the home directory of the sandbox${hint}`;
  }
  if (hides('/tmp') && !(kind === 'tmpfs' && target === '/tmp'))
    return 'it would hide /tmp of the sandbox; a path below it is possible';
  if (hides(OUTPUT_DIR) || isIn(target, OUTPUT_DIR)) return `${OUTPUT_DIR} keeps the output of the sandbox`;
  const docker = ['/proc', '/sys', '/dev'].find((path) => isIn(target, path));
  if (docker !== undefined) return `${docker} of a sandbox is Docker's`;
  const file = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'].find(hides);
  return file && `${file} of a sandbox is Docker's; extra_hosts adds names`;
}
