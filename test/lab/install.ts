// Debian packages that the lab needs, installed when they are missing: one process at a time, and without
// starting any of their services (the lab starts its own, with their own data and sockets).
import { join } from 'node:path';
import { cacheDir } from './places.ts';
import { has, progress, run } from './run.ts';

const INSTALL_MS = 600_000;
const ENV = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };

/** policy-rc.d is Debian's way to forbid services that start at installation; exit code 101 forbids. */
const APT_WITHOUT_SERVICES = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] || grep -q tmpfleet-lab "$policy"; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\n# tmpfleet-lab\\nexit 101\\n' >"$policy" && chmod 755 "$policy"
fi
apt-get -o DPkg::Lock::Timeout=600 "$@"`;

/** Why packages cannot be installed here; undefined when they can. */
export function whyNoPackages(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Debian`;
  if (!has('apt-get') || !has('dpkg-query')) return 'there is no apt-get on the PATH (not Debian)';
  if (process.getuid?.() !== 0) return 'only root can install packages and start engines';
  return undefined;
}

/** @throws Error with apt-get's message, or the reason why it was not run */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  if ((await missing(names)).length === 0) return;
  const why = whyNoPackages();
  if (why !== undefined) throw new Error(`cannot install ${names.join(' ')}: ${why}`);
  await install(names);
  const left = await missing(names);
  if (left.length > 0) throw new Error(`apt-get did not install ${left.join(' ')}`);
}

async function install(names: readonly string[]): Promise<void> {
  const wanted = await missing(names);
  progress(`installing ${wanted.join(' ')}`);
  await aptInstall(wanted).catch(async () => {
    // The lists may be missing (a fresh machine), or name versions that were replaced since.
    await apt(['update', '-qq']);
    await aptInstall(wanted);
  });
}

function aptInstall(names: readonly string[]): Promise<string> {
  return apt(['install', '-y', '-qq', '--no-install-recommends', ...names]);
}

/** Under the lab's own lock, which the kernel releases if this process dies; others may hold dpkg's. */
function apt(args: readonly string[]): Promise<string> {
  const lock = join(cacheDir(), 'apt.lock');
  const command = ['sh', '-ec', APT_WITHOUT_SERVICES, 'apt', ...args];
  return run('flock', [lock, ...command], { timeout: INSTALL_MS, env: ENV });
}

async function missing(names: readonly string[]): Promise<readonly string[]> {
  if (!has('dpkg-query')) return names;
  const format = '$' + '{Package} $' + '{db:Status-Status}\\n';
  const listing = await run('dpkg-query', ['-W', '-f', format]);
  const installed = new Set(
    listing.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  );
  return names.filter((name) => !installed.has(name));
}
