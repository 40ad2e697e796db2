// A bare Debian as a root file system in the cache: systemd, sshd and Python, as in a provider's image. Packages that
// the playbooks install are in apt's cache, not installed: hosts of the lab have no route to a mirror.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AptSources, aptSources } from '../images/apt-sources.ts';
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
/** Of "Ubuntu Archive Automatic Signing Key (2018)". */
const UBUNTU_KEY = 'F6ECB3762474EDA9D21B7022871920D1991BC93C';
const BUILD_MS = 900_000;
const NO_RECOMMENDS = 'APT::Install-Recommends "false"';

/**
 * The directory, made unless it is in the cache. Must not be written to: it is the lower layer of every host.
 * @param wanted another suite than this machine's
 */
export async function ensureDebianRoot(wanted?: string): Promise<string> {
  const sources = await aptSources(wanted);
  const { suite, suites } = sources;
  const atHand = [...AT_HAND, ...(AT_HAND_IN[suite] ?? [])];
  const recipe = JSON.stringify([BARE, atHand, suites, process.arch, readFileSync(KEEP_LISTS, 'utf8')]);
  const root = join(cacheDir(), `debian-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
  return withLock(join(cacheDir(), 'debian.lock'), async () => {
    if (existsSync(root)) return root;
    await ensurePackages(['mmdebstrap']);
    progress('making a bare Debian host (once on this machine, a minute or two) …');
    const work = await mkdtemp(join(cacheDir(), 'building-'));
    try {
      await debootstrap(sources, join(work, 'root'), atHand, work);
      await rename(join(work, 'root'), root);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return root;
  });
}

async function debootstrap(
  sources: AptSources,
  target: string,
  atHand: readonly string[],
  work: string,
): Promise<string> {
  const { suite, lines, keyring } = sources;
  const fetch = `chroot "$1" apt-get install -qq --download-only --no-install-recommends -y ${atHand.join(' ')}`;
  const flags = [
    '--mode=root',
    '--variant=minbase',
    // Ubuntu does not count apt among the packages that a minimal system has.
    `--include=${[...BARE, ...(keyring === undefined ? [] : ['apt'])].join(',')}`,
    ...(keyring === undefined ? [] : [`--keyring=${await keysOf(sources, work)}`]),
    `--aptopt=${NO_RECOMMENDS}`,
    // Keeps the lists and the packages that were downloaded.
    '--skip=cleanup/apt',
    ...['doc', 'man', 'locale'].map((dir) => `--dpkgopt=path-exclude=/usr/share/${dir}/*`),
    `--customize-hook=${fetch}`,
    `--customize-hook=chroot "$1" python3 <'${KEEP_LISTS}'`,
  ];
  return run('mmdebstrap', [...flags, suite, target, ...lines], { timeout: BUILD_MS });
}

/** The key that signs this suite, by its fingerprint, out of the archive's own package, which nothing vouches for. */
async function keysOf({ lines, keyring = '' }: AptSources, work: string): Promise<string> {
  const dir = join(work, 'keys');
  const key = join(dir, 'key.gpg');
  const unsigned = lines.map((line) => line.replace('deb ', 'deb [trusted=yes] ')).join('\n');
  const places = ['Etc::SourceList=$1/list', 'Etc::SourceParts=-', 'State::Lists=$1/lists', 'Cache=$1/cache'];
  const apt = `apt-get -qq -o APT::Sandbox::User=root ${places.map((place) => `-o "Dir::${place}"`).join(' ')}`;
  const script = `mkdir -p "$1/lists/partial" "$1/cache/archives/partial"; mkdir -m 700 "$1/gnupg"; cd "$1"; echo "$2" >list
${apt} update 2>/dev/null; ${apt} download "$3"; dpkg-deb -x "$3"_*.deb .
export GNUPGHOME="$1/gnupg"; gpg -q --import usr/share/keyrings/ubuntu-archive-keyring.gpg; gpg -q --export "$4" >key.gpg; [ -s key.gpg ]`;
  await run('sh', ['-ec', script, 'keys', dir, unsigned, keyring, UBUNTU_KEY], { timeout: BUILD_MS });
  return key;
}
