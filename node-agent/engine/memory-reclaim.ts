// Pushes the memory of a frozen sandbox out to the host's swap, through the files of its control group (kernel documentation:
// admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst). Without swap it does nothing: the kernel would only drop cached files, among
// them the programs that the sandbox needs again first.
import { execFile } from 'node:child_process';
import { access, constants, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where the kernel shows its files; another place in tests. */
export interface KernelFiles {
  readonly proc: string;
  readonly cgroup: string;
}

export const KERNEL_FILES: KernelFiles = { proc: '/proc', cgroup: '/sys/fs/cgroup' };

const run = promisify(execFile);
/** A sandbox that runs gets no swap: its limit of memory would be no limit of what it takes from the host. */
const NO_SWAP = '0';

/** The host's swap, zram included. Bytes; 0 where there is none, or the system does not say */
export async function swapBytes({ proc }: KernelFiles = KERNEL_FILES): Promise<number> {
  const text = await readFile(join(proc, 'meminfo'), 'utf8').catch(() => '');
  return Number(/^SwapTotal:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** The control group that counts the memory of a process. */
export interface MemoryGroup {
  readonly dir: string;
  readonly version: 1 | 2;
}

/** Undefined where it is not to be seen, or may not be written: from inside a container, or without root. */
export async function memoryGroupOf(
  pid: number,
  files: KernelFiles = KERNEL_FILES,
): Promise<MemoryGroup | undefined> {
  const text = await readFile(join(files.proc, String(pid), 'cgroup'), 'utf8').catch(() => '');
  const groups = text.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const pathOf = (isOurs: (controllers: readonly string[]) => boolean): string | undefined =>
    groups.find((group) => isOurs((group?.[1] ?? '-').split(',')))?.[2];
  const one = pathOf((controllers) => controllers.includes('memory'));
  const path = one ?? pathOf(([only]) => only === '');
  // The root's group would be the whole host; `..` is one outside of what a container sees.
  if (path === undefined || path === '/' || path.includes('..')) return undefined;
  const group: MemoryGroup =
    one === undefined
      ? { dir: join(files.cgroup, path), version: 2 }
      : { dir: join(files.cgroup, 'memory', path), version: 1 };
  const lever = join(group.dir, group.version === 1 ? 'memory.force_empty' : 'memory.reclaim');
  return access(lever, constants.W_OK).then(
    () => group,
    () => undefined,
  );
}

/**
 * Ends early, without an error, once `signal` is aborted or the kernel can push out no more. The kernel does it within the write,
 * and goes on for as long as it finds anything: also against a sandbox that runs again. Only a signal ends it, so a process of its
 * own writes.
 */
export async function pushOut({ dir, version }: MemoryGroup, signal: AbortSignal): Promise<void> {
  let [lever, text] = ['memory.force_empty', '0'];
  if (version === 2) {
    const most = (await readFile(join(dir, 'memory.max'), 'utf8')).trim();
    await writeFile(join(dir, 'memory.swap.max'), most);
    [lever, text] = ['memory.reclaim', (await readFile(join(dir, 'memory.current'), 'utf8')).trim()];
  }
  if (signal.aborted) return;
  // It fails where less than all could be pushed out, which is most often so.
  await run('/bin/sh', ['-c', 'echo "$1" >"$0"', join(dir, lever), text], {
    signal,
    killSignal: 'SIGKILL',
  }).catch(() => undefined);
}

/** After a thaw: what is out comes back as it is used, and nothing more goes out. */
export async function forbidSwap({ dir, version }: MemoryGroup): Promise<void> {
  if (version === 2) await writeFile(join(dir, 'memory.swap.max'), NO_SWAP);
}
