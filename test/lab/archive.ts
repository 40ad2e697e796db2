// The archive of `npm run package`, made once for all suites that install it.
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.ts';
import { cacheDir } from './places.ts';
import { run } from './run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PACKAGE = join(ROOT, 'scripts', 'package.mjs');
export const PACKAGE_MS = 240_000;
/** Two suites may want it at once: one makes it, the other waits. */
export const ARCHIVE_MS = 2 * PACKAGE_MS;
const DAY_MS = 86_400_000;

/** @returns its path, in a directory that must not be written to: other suites have the same archive */
export async function ensureArchive(): Promise<string> {
  return withLock(join(cacheDir(), 'archive.lock'), async () => {
    const dir = join(cacheDir(), `archive-${await contentKey()}`);
    if (!existsSync(dir)) {
      await removeOld();
      const work = await mkdtemp(join(cacheDir(), 'building-'));
      try {
        await run(process.execPath, [PACKAGE, '--out', work], { timeout: PACKAGE_MS });
        await rename(work, dir);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    }
    const now = new Date();
    utimesSync(dir, now, now);
    const name = readdirSync(dir).find((file) => file.endsWith('.tar.gz'));
    if (name === undefined) throw new Error(`${dir} has no archive`);
    return join(dir, name);
  });
}

/** Everything that the archive is made from: the commit, what differs from it in this checkout, and the Node that goes in. */
async function contentKey(): Promise<string> {
  const git = (...args: readonly string[]): Promise<string> => run('git', ['-C', ROOT, ...args]);
  const hash = createHash('sha256');
  for (const part of [process.execPath, process.version, await git('rev-parse', 'HEAD')]) hash.update(part);
  hash.update(await git('diff', '--binary', 'HEAD'));
  const untracked = await git('ls-files', '-z', '--others', '--exclude-standard');
  for (const file of untracked.split('\0').filter((name) => name !== '')) {
    hash.update(`\0${file}\0`);
    if (lstatSync(join(ROOT, file)).isFile()) hash.update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Those that no suite has asked for since yesterday; a newer one may be in use from another checkout. */
async function removeOld(): Promise<void> {
  for (const name of readdirSync(cacheDir()).filter((entry) => /^archive-[0-9a-f]{12}$/.test(entry))) {
    const dir = join(cacheDir(), name);
    if (Date.now() - statSync(dir).mtimeMs > DAY_MS) await rm(dir, { recursive: true, force: true });
  }
}
