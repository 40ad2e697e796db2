// Taking away all that is left of an engine: processes, mounts, network, firewall rules, data. Synchronous, so that
// it also serves on the way out; and by the engine's own record, so that a killed run is cleaned up by the next.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type Range, removeNetworkSync } from './engine-network.ts';
import { clearFirewall } from './firewall.ts';
import { scratchDirs } from './places.ts';
import { progress, tryRunSync } from './run.ts';

export const RECORD_FILE = 'record.json';

export const recordSchema = z.object({
  range: z.number().int(),
  network: z.enum(['machine', 'own']),
  owner: z.object({ pid: z.number().int(), started: z.string() }),
  firewall: z.object({
    forwarding: z.string(),
    forwardPolicy: z.string(),
    rules: z.record(z.string(), z.array(z.string()).readonly()),
  }),
});
export type EngineRecord = z.infer<typeof recordSchema>;

/** An engine's processes have this as a word of their command line, or a path below the engine's directory. */
export function containerdNamespace(range: Range): string {
  return `tmpfleet-lab-${range}`;
}

/** Who owns what is started now: the pid alone could be another's tomorrow. */
export function ownerNow(): EngineRecord['owner'] {
  return { pid: process.pid, started: startTime(process.pid) ?? '' };
}

/** Removes what earlier runs left whose process is gone. */
export function reapStale(): void {
  for (const { dir, record } of recordedEngines()) {
    if (startTime(record.owner.pid) === record.owner.started) continue;
    progress(`cleaning up after an earlier run (${basename(dir)})`);
    reap(dir, record);
  }
}

/** What all engines that run now, or should have been reaped, have written about themselves. */
export function recordedEngines(): readonly { readonly dir: string; readonly record: EngineRecord }[] {
  const dirs = scratchDirs().filter((dir) => existsSync(dir));
  return dirs
    .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
    .flatMap((dir) => {
      const record = readRecord(dir);
      return record === undefined ? [] : [{ dir, record }];
    });
}

export function reap(dir: string, record: EngineRecord): void {
  killAll(dir, record.range);
  unmountBelow(dir);
  if (record.network === 'machine') clearFirewall(record.range, record.firewall);
  removeNetworkSync(record.range);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function readRecord(dir: string): EngineRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(dir, RECORD_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

const ENGINE_PROCESS = /^(dockerd|containerd|containerd-shim.*|docker-proxy|runc.*)$/;

/** The engine's own first, so that none is started again; then what ran in its containers. */
function killAll(dir: string, range: Range): void {
  const processes = listProcesses();
  const isEngines = ({ command, words }: Process): boolean =>
    ENGINE_PROCESS.test(command) &&
    words.some((word) => word.includes(`${dir}/`) || word === containerdNamespace(range));
  const doomed = new Set(processes.filter(isEngines).map(({ pid }) => pid));
  for (let before = -1; before !== doomed.size; ) {
    before = doomed.size;
    for (const { pid, parent } of processes) if (doomed.has(parent)) doomed.add(pid);
  }
  for (const pid of doomed) kill(pid);
  // Mounts and bridges are let go of only when the kernel is done with them.
  const end = performance.now() + 10_000;
  while ([...doomed].some(isAlive) && performance.now() < end) tryRunSync('sleep', ['0.02']);
}

function unmountBelow(dir: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => path.startsWith(`${dir}/`));
  for (const path of mounts.reverse()) tryRunSync('umount', ['-l', path]);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
  readonly words: readonly string[];
}

function listProcesses(): readonly Process[] {
  return readdirSync('/proc').flatMap((name) => {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined;
    if (fields === undefined) return [];
    const words = readOrEmpty(`/proc/${name}/cmdline`).split('\0');
    const command = readOrEmpty(`/proc/${name}/comm`).trim();
    return [{ pid: Number(name), parent: Number(fields[1]), command, words }];
  });
}

function isAlive(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state !== undefined && state !== 'Z';
}

/** In ticks since the machine's start; undefined when there is no such process. */
function startTime(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** From the third field (state) on: the second is a name that may hold spaces. */
function statFields(pid: number): readonly string[] | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
