// The processes of an engine: found by the paths in their command lines, ended with all their children.
import { readdirSync, readFileSync } from 'node:fs';
import { tryRunSync } from '../run.ts';
import type { Range } from './engine-network.ts';

/** An engine's processes have this as a word of their command line, or a path below the engine's directory. */
export function containerdNamespace(range: Range): string {
  return `tmpfleet-lab-${range}`;
}

const ENGINE_PROCESS = /^(dockerd|containerd|containerd-shim.*|docker-proxy|runc.*)$/;

/** The engine's own first, so that none is started again; then those of its containers. */
export function killEngine(dir: string, range: Range): void {
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
  // The kernel releases mounts and bridges later than it ends processes.
  const end = performance.now() + 10_000;
  while ([...doomed].some(isAlive) && performance.now() < end) tryRunSync('sleep', ['0.02']);
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

/** In ticks since the machine's start; undefined if there is no such process. */
export function startTime(pid: number): string | undefined {
  return statFields(pid)?.[19];
}

/** From the third field (state) on: the second is a name that may contain spaces. */
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
