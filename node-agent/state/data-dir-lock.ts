// Lets one agent at a time use a data directory. Without it, a second agent that is started by mistake would replace the
// journal of the first before it found its port taken; the first would go on writing to a deleted file, and after its next
// restart its readers' sandboxes would have no owner.
//
// The lock is flock(2) on a file in the directory. Node cannot call flock(2), so flock(1) (util-linux on Debian, Ubuntu and
// Fedora, BusyBox on Alpine) takes it on a descriptor that it inherits: the lock belongs to the open file, which this
// process keeps open, so flock(1) ends at once and no child has to be watched. Why this, and not something else:
// - The kernel drops the lock when the process ends in any way, so a restart after `kill -9` never waits, and a pid that
//   another process has now means nothing. Lock files with a heartbeat (`proper-lockfile`) keep the next start waiting.
// - It belongs to the file, so containers with namespaces of their own that share a volume exclude each other. Over NFS,
//   Linux turns flock(2) into a lock at the server, so hosts do too (not with the mount option `nolock`).
// - The file can be opened by its owner alone (0600), so no other user can take the lock.
// - `fs-ext`, which offers flock(2) to Node, has to be compiled at each installation.
// Other systems than Linux may lack flock(1): nothing is locked there.
import { spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { prepareDataDir } from '../../shared/data-dir.ts';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';

export interface DataDirLock {
  release(): void;
}

const FILE_NAME = 'agent.lock';

/**
 * Creates the directory if it is missing, and locks it until `release` or the end of this process.
 * @throws FleetError `bad-config` when it cannot be used, `conflict` when another agent has it
 */
export async function lockDataDir(path: string, logger: Logger): Promise<DataDirLock> {
  // A full disk must not cut readers off from running sandboxes: the agent starts, but gives out no more of them.
  await prepareDataDir(path, { mayBeFull: true });
  const file = join(path, FILE_NAME);
  // Without space to write, an agent still proxies its readers' traffic.
  await prepareDataDir(path, { mayBeFull: true });
  const descriptor = openLockFile(path, file);
  if (process.platform !== 'linux') return { release: () => closeSync(descriptor) };
  try {
    const holder = readFileSync(file, 'utf8');
    if (!(await tryLock(descriptor, path))) {
      const whose = holder === '' ? 'another agent' : `the agent of ${holder}`;
      throw new FleetError('conflict', `data-dir: ${JSON.stringify(path)} is in use by ${whose}`, {
        remedy: 'stop that one first, or give this one a data directory, a node id and ports of its own',
      });
    }
    if (holder !== '' && !holder.endsWith(` on ${hostname()}`)) {
      // The lock is free, unless this file system keeps locks of different hosts apart.
      logger.warn({ holder }, 'the last agent that used this data directory did not stop cleanly');
    }
    record(descriptor, `process ${process.pid} on ${hostname()}`, logger);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return {
    release: () => {
      record(descriptor, '', logger);
      closeSync(descriptor);
    },
  };
}

/** Node opens files close-on-exec, so that sandboxes, which may outlive the agent, do not inherit the lock. */
function openLockFile(path: string, file: string): number {
  try {
    return openSync(file, 'a+', 0o600);
  } catch (cause) {
    throw new FleetError(
      'bad-config',
      `data-dir: ${JSON.stringify(path)} cannot be used: ${describeError(cause)}`,
      { cause },
    );
  }
}

/** False when another process has the lock. @throws FleetError `bad-config` when the file cannot be locked at all */
async function tryLock(descriptor: number, path: string): Promise<boolean> {
  const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', descriptor] });
  const [why, code] = await Promise.all([
    child.stderr === null ? '' : text(child.stderr),
    new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve)),
  ]).catch((cause: unknown) => {
    const missing = errorCode(cause) === 'ENOENT';
    throw new FleetError(
      'bad-config',
      `data-dir: ${JSON.stringify(path)} cannot be locked: ${missing ? 'the program "flock" is not installed' : describeError(cause)}`,
      { cause, ...(missing ? { remedy: 'install util-linux (or BusyBox), which has it' } : {}) },
    );
  });
  if (code === 0) return true;
  // flock(1) prints nothing when another process has the lock.
  if (code === 1 && why === '') return false;
  throw new FleetError(
    'bad-config',
    `data-dir: ${JSON.stringify(path)} cannot be locked: ${why.trim() || `flock ended with ${code}`}`,
    { remedy: 'choose a directory on a file system that supports flock(2)' },
  );
}

/** Records who holds the lock, for the error message of another agent. A full disk must not stop this one. */
function record(descriptor: number, holder: string, logger: Logger): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, holder);
  } catch (error) {
    logger.debug({ error: describeError(error) }, 'the holder of the data directory could not be recorded');
  }
}
