// Creates a program's data directory if it is missing, and tests it before anything relies on it.
import { lstat, mkdir, open, readlink, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describeError, errorCode, FleetError } from './errors.ts';

/** File system errors, explained for an operator, by Linux errno; any other error is quoted as it is. */
const FAULTS: Readonly<Record<string, { readonly what: string; readonly remedy: string }>> = {
  EACCES: { what: 'is not writable for this user', remedy: 'change its owner, or choose another directory' },
  EPERM: { what: 'is not writable for this user', remedy: 'change its owner, or choose another directory' },
  EROFS: {
    what: 'is on a read-only file system',
    remedy: 'mount it read-write, or choose another directory',
  },
  ENOSPC: { what: 'is on a full disk', remedy: 'free some space or inodes there' },
  EDQUOT: { what: 'is over its disk quota', remedy: 'free some space there' },
  ENOTDIR: { what: 'is not a directory', remedy: 'choose another path' },
  ELOOP: { what: 'leads through a loop of symbolic links', remedy: 'choose another path' },
  ENOTCONN: { what: 'is on a mount that is not connected', remedy: 'mount it again' },
  ESTALE: { what: 'is on a mount that no longer exists', remedy: 'mount it again' },
  EIO: { what: 'is on a disk or mount that fails', remedy: 'check the disk, or mount it again' },
};

/** Block size of common file systems: a file of this length needs a free block, an empty one may not. Bytes. */
const TRIAL_BYTES = 4_096;

export interface DataDirOptions {
  /** Accepts a full disk: for a program that is useful without writing. */
  readonly mayBeFull?: boolean;
}

/**
 * Creates the directory (mode 0700) and its parents if they are missing, and writes and removes a test file in it.
 * @throws FleetError `bad-config` with the fault of the directory and a remedy
 */
export async function prepareDataDir(
  path: string,
  { mayBeFull = false }: DataDirOptions = {},
): Promise<void> {
  const full = resolve(path);
  try {
    await refuseDanglingLink(full);
    await makeMissing(full);
    await tryWriting(full);
  } catch (error) {
    if (error instanceof FleetError) throw error;
    const code = errorCode(error) ?? '';
    if (mayBeFull && (code === 'ENOSPC' || code === 'EDQUOT')) return;
    const fault = FAULTS[code];
    throw unusable(path, fault?.what ?? `cannot be used: ${describeError(error)}`, fault?.remedy, error);
  }
}

/**
 * Checks the directory and its parents.
 * @throws FleetError `bad-config` when one is a symbolic link to a missing target
 */
export async function refuseDanglingLink(path: string): Promise<void> {
  for (let place = resolve(path); ; place = dirname(place)) {
    const found = await lstat(place).catch(() => undefined);
    if (found?.isSymbolicLink() === true) await refuseIfDangling(place);
    if (found !== undefined || dirname(place) === place) return;
  }
}

async function refuseIfDangling(link: string): Promise<void> {
  try {
    await stat(link);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const target = JSON.stringify(await readlink(link));
    throw unusable(link, `is a symbolic link to ${target}, which does not exist`, 'make its target', error);
  }
}

/**
 * Creates one directory at a time: Node 20's own recursive `mkdir` retries for ever, on a whole core, in a parent that
 * exists but accepts no directories (such as /proc).
 */
async function makeMissing(path: string): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    return;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  const parent = dirname(path);
  await makeMissing(parent);
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = errorCode(error);
    // Another program created it in the meantime.
    if (code === 'EEXIST') return;
    const where = `cannot be made: ${JSON.stringify(parent)}`;
    const fault =
      code === 'ENOENT'
        ? { what: 'takes no directories', remedy: 'choose another path' }
        : FAULTS[code ?? ''];
    if (fault === undefined) throw error;
    throw unusable(path, `${where} ${fault.what}`, fault.remedy, error);
  }
}

async function tryWriting(path: string): Promise<void> {
  const trial = join(path, `.write-test-${process.pid}`);
  const file = await open(trial, 'w', 0o600);
  try {
    await file.writeFile(Buffer.alloc(TRIAL_BYTES));
    // Some file systems report a full disk only here.
    await file.sync();
  } finally {
    await file.close();
    await rm(trial, { force: true });
  }
}

function unusable(path: string, what: string, remedy: string | undefined, cause: unknown): FleetError {
  return new FleetError('bad-config', `data-dir: ${JSON.stringify(path)} ${what}`, {
    cause,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
