// What an npm package publishes, without its dependencies: for packages whose bundle contains them.
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './places.ts';
import { progress, run } from './run.ts';

const DOWNLOAD_MS = 300_000;

/** The directory of a package's files. @throws Error where npm does not have it, or does not answer */
export async function unpackNpmPackage(name: string, version: string): Promise<string> {
  const dir = join(cacheDir(), `${name}-${version}`);
  if (existsSync(dir)) return dir;
  progress(`unpacking ${name} ${version} of npm`);
  const work = await mkdtemp(`${dir}-`);
  try {
    const spec = `${name}@${version}`;
    await run('npm', ['pack', '--silent', '--pack-destination', work, spec], { timeout: DOWNLOAD_MS });
    await run('tar', ['xzf', join(work, `${name}-${version}.tgz`), '-C', work]);
    // Renamed into place whole; if another process was faster, its copy is as good.
    await rename(join(work, 'package'), dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return dir;
}
