// Where the lab keeps files: a cache that outlives runs, and a scratch directory that does not.
import { mkdirSync, statfsSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const SHARED_MEMORY = '/dev/shm';
/** Room for an engine with a Jupyter image and a few dozen sandboxes. */
const ROOM_BYTES = 4 * 1024 ** 3;

/** What is expensive to make and stays valid: outside the work tree, so that every checkout has it. */
export function cacheDir(): string {
  const dir = process.env.TMPFLEET_LAB_CACHE || join(homedir(), '.cache', 'tmpfleet-lab');
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** In memory if there is plenty (Docker is about four times as fast there), else on disk. */
export function scratchDir(): string {
  const dir = join(freeBytes(SHARED_MEMORY) > ROOM_BYTES ? SHARED_MEMORY : tmpdir(), 'tmpfleet-lab');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** Every place where an earlier run may have left files. */
export function scratchDirs(): readonly string[] {
  return [SHARED_MEMORY, tmpdir()].map((dir) => join(dir, 'tmpfleet-lab'));
}

function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
