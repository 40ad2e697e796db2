// A second Node beside the system's, from the npm package that carries the program.
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './places.ts';
import { progress, run } from './run.ts';

export const NODE24_VERSION = '24.21.0';
const INSTALL_MS = 300_000;

/** The path of a Node 24 program. @throws Error where npm has none for this machine, or does not answer */
export async function ensureNode24(): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(cacheDir(), `node-${NODE24_VERSION}-${process.arch}`);
  const program = join(prefix, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  progress(`installing Node ${NODE24_VERSION}`);
  const work = await mkdtemp(`${prefix}-`);
  try {
    const flags = ['--prefix', work, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    await run('npm', ['install', ...flags, `${name}@${NODE24_VERSION}`], { timeout: INSTALL_MS });
    // Renamed into place whole; if another process was faster, its copy is as good.
    await rename(work, prefix).catch((error: unknown) => {
      if (!existsSync(program)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}
