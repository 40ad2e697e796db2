// Which files of the kernel are written to push a sandbox's memory out. The files are a copy here; no kernel acts on them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forbidSwap, memoryGroupOf, pushOut, swapBytes } from '../../../node-agent/engine/memory-reclaim.ts';

const PID = 4711;
const MIB = 1024 ** 2;
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tmpfleet-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const files = () => ({ proc: join(root, 'proc'), cgroup: join(root, 'cgroup') });
function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const going = new AbortController().signal;

test('with version 2 swap is allowed, all memory is pushed out, and swap is forbidden again', async () => {
  const dir = 'cgroup/system.slice/docker-abc.scope';
  put(`proc/${PID}/cgroup`, '0::/system.slice/docker-abc.scope\n');
  put(`${dir}/memory.max`, `${512 * MIB}\n`);
  put(`${dir}/memory.current`, `${70 * MIB}\n`);
  put(`${dir}/memory.swap.max`, '0\n');
  put(`${dir}/memory.reclaim`, '');
  const group = await memoryGroupOf(PID, files());
  expect(group).toEqual({ dir: join(root, dir), version: 2 });
  if (group === undefined) return;
  await pushOut(group, going);
  expect(read(`${dir}/memory.swap.max`)).toBe(String(512 * MIB));
  expect(read(`${dir}/memory.reclaim`)).toBe(`${70 * MIB}\n`);
  await forbidSwap(group);
  expect(read(`${dir}/memory.swap.max`)).toBe('0');
});

test('after a thaw nothing is pushed out', async () => {
  const dir = 'cgroup/a';
  put(`proc/${PID}/cgroup`, '0::/a\n');
  for (const name of ['memory.max', 'memory.current']) put(`${dir}/${name}`, `${70 * MIB}`);
  put(`${dir}/memory.reclaim`, 'untouched');
  const group = await memoryGroupOf(PID, files());
  if (group !== undefined) await pushOut(group, AbortSignal.abort());
  expect(read(`${dir}/memory.reclaim`)).toBe('untouched');
});

test('a thaw ends a write that the kernel does not end', async () => {
  put(`proc/${PID}/cgroup`, '4:memory:/a\n');
  mkdirSync(join(root, 'cgroup/memory/a'), { recursive: true });
  // Opened for writing, it waits for a reader that never comes.
  execFileSync('mkfifo', [join(root, 'cgroup/memory/a/memory.force_empty')]);
  const group = await memoryGroupOf(PID, files());
  const thaw = new AbortController();
  const pushed = group && pushOut(group, thaw.signal);
  thaw.abort();
  await pushed;
  expect(group?.version).toBe(1);
});

test('with version 1 the group of the memory controller is emptied', async () => {
  put(`proc/${PID}/cgroup`, '9:freezer:/docker/abc\n4:cpu,memory:/docker/abc\n0::/elsewhere\n');
  put('cgroup/memory/docker/abc/memory.force_empty', '');
  const group = await memoryGroupOf(PID, files());
  expect(group).toEqual({ dir: join(root, 'cgroup/memory/docker/abc'), version: 1 });
  if (group !== undefined) await pushOut(group, going);
  expect(read('cgroup/memory/docker/abc/memory.force_empty')).toBe('0\n');
});

test.each([
  ['the process is in the root, which is the whole host', '0::/\n'],
  ['the same with version 1', '4:memory:/\n'],
  ['its group is not to be seen', '0::/../other\n'],
  ['the process is gone', undefined],
])('nothing is found where %s', async (_, text) => {
  if (text !== undefined) put(`proc/${PID}/cgroup`, text);
  put('cgroup/memory.reclaim', 'the host');
  put('cgroup/memory/memory.force_empty', 'the host');
  expect(await memoryGroupOf(PID, files())).toBeUndefined();
});

test('the size of the swap is read from the kernel', async () => {
  put('proc/meminfo', 'MemTotal:  100 kB\nSwapTotal:       2048 kB\nSwapFree: 1 kB\n');
  expect(await swapBytes(files())).toBe(2 * MIB);
  expect(await swapBytes({ ...files(), proc: '/nowhere' })).toBe(0);
});
