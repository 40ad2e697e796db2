// A bare Debian as a root file system in the cache: systemd, sshd and Python, as in a provider's image. Packages that
// the playbooks install are in apt's cache, not installed: hosts of the lab have no route to a mirror.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptSources } from '../images/apt-sources.ts';
import { ensurePackages } from '../install.ts';
import { withLock } from '../lock.ts';
import { cacheDir } from '../places.ts';
import { progress, run } from '../run.ts';

const BARE = [
  ...['systemd-sysv', 'dbus', 'openssh-server', 'sudo', 'python3', 'python3-apt'],
  ...['iproute2', 'netbase', 'procps', 'kmod', 'ca-certificates'],
];
const AT_HAND = [
  'docker.io',
  'iptables',
  'caddy',
  'prometheus',
  'prometheus-alertmanager',
  'systemd-timesyncd',
];
/** What only this suite has. */
const AT_HAND_IN: Readonly<Record<string, readonly string[]>> = { trixie: ['docker-cli'] };
const KEEP_LISTS = fileURLToPath(new URL('keep-lists.py', import.meta.url));
const BUILD_MS = 900_000;
const NO_RECOMMENDS = 'APT::Install-Recommends "false"';

/**
 * The directory, made unless it is in the cache. Must not be written to: it is the lower layer of every host.
 * @param wanted another suite than this machine's
 */
export async function ensureDebianRoot(wanted?: string): Promise<string> {
  const { suite, suites, lines } = await aptSources(wanted);
  const atHand = [...AT_HAND, ...(AT_HAND_IN[suite] ?? [])];
  const recipe = JSON.stringify([BARE, atHand, suites, process.arch, readFileSync(KEEP_LISTS, 'utf8')]);
  const root = join(cacheDir(), `debian-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
  return withLock(join(cacheDir(), 'debian.lock'), async () => {
    if (existsSync(root)) return root;
    await ensurePackages(['mmdebstrap']);
    progress('making a bare Debian host (once on this machine, a minute or two) …');
    const work = await mkdtemp(join(cacheDir(), 'building-'));
    try {
      await debootstrap(suite, join(work, 'root'), lines, atHand);
      await rename(join(work, 'root'), root);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return root;
  });
}

function debootstrap(
  suite: string,
  target: string,
  lines: readonly string[],
  atHand: readonly string[],
): Promise<string> {
  const fetch = `chroot "$1" apt-get install -qq --download-only --no-install-recommends -y ${atHand.join(' ')}`;
  const flags = [
    '--mode=root',
    '--variant=minbase',
    `--include=${BARE.join(',')}`,
    `--aptopt=${NO_RECOMMENDS}`,
    // Keeps the lists and the packages that were downloaded.
    '--skip=cleanup/apt',
    ...['doc', 'man', 'locale'].map((dir) => `--dpkgopt=path-exclude=/usr/share/${dir}/*`),
    `--customize-hook=${fetch}`,
    `--customize-hook=chroot "$1" python3 <'${KEEP_LISTS}'`,
  ];
  return run('mmdebstrap', [...flags, suite, target, ...lines], { timeout: BUILD_MS });
}
