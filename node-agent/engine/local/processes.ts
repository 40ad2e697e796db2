// Identifies processes by pid and start time, because the system uses pids again.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode, FleetError } from '../../../shared/errors.ts';
import type { Usage } from '../engine.ts';

/** The leader of a process group (and session) of its own. */
export interface GroupLeader {
  readonly pid: number;
  /** When it started, in the system's own format: no other process with this pid has the same. */
  readonly startedAt: string;
}

const run = promisify(execFile);
const KILL_MS = 10_000;

export interface Stat {
  /** A letter of proc(5): `T` is stopped, `Z` and `X` are dead. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startedAt: string;
  /** Of the process and its children that have ended, in ticks. */
  readonly cpuTicks: number;
  /** Resident memory, in pages. */
  readonly pages: number;
}

/** When the process with this pid started; undefined when there is none, or only a zombie. */
export async function startTime(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readStat(pid);
    return stat === undefined || isDead(stat) ? undefined : stat.startedAt;
  }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() || undefined;
  } catch (error) {
    // ps reports a missing process by its exit code.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 1) return undefined;
    throw error;
  }
}

export async function isRunning(leader: GroupLeader): Promise<boolean> {
  return (await startTime(leader.pid)) === leader.startedAt;
}

/**
 * Ends the leader and all members of its group, and returns when they are gone. SIGTERM comes first: Jupyter's kernels
 * are in groups of their own, and only Jupyter itself can end them.
 * @throws FleetError `engine-timeout`
 */
export async function killGroup(leader: GroupLeader, graceMs: number): Promise<void> {
  if (!(await survives(leader))) return;
  const begun = performance.now();
  let pause = 10;
  signalGroup(leader.pid, 'SIGTERM');
  for (;;) {
    await delay(pause);
    if (!(await survives(leader))) return;
    const elapsed = performance.now() - begun;
    if (elapsed > graceMs + KILL_MS) {
      throw new FleetError('engine-timeout', `process group ${leader.pid} does not end, not even by SIGKILL`);
    }
    if (elapsed > graceMs) signalGroup(leader.pid, 'SIGKILL');
    pause = Math.min(100, pause * 1.5);
  }
}

/** Signals the whole group at once where it certainly is ours: one by one, a fork could slip through. */
function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

/** Whether a member of the leader's group lives. Most often that is known without reading every process of the host. */
async function survives(leader: GroupLeader): Promise<boolean> {
  if (!groupExists(leader.pid)) return false;
  return (await isRunning(leader)) || (await survivors(leader)).length > 0;
}

/**
 * The living members of the leader's group. If another process has the pid by now, the group is over: Linux gives no
 * pid away while a group has its number. If no process has it, the leader died before its group; then only members of
 * its session count that did not start before it.
 */
async function survivors(leader: GroupLeader): Promise<readonly number[]> {
  const current = await startTime(leader.pid);
  if (current !== undefined && current !== leader.startedAt) return [];
  if (process.platform !== 'linux') return current === undefined ? [] : [leader.pid];
  const { boot, ticks } = parseStartedAt(leader.startedAt);
  if (current === undefined && !groupExists(leader.pid)) return [];
  const members: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readStat(Number(name));
    if (stat === undefined || isDead(stat) || stat.group !== leader.pid || stat.session !== leader.pid)
      continue;
    const member = parseStartedAt(stat.startedAt);
    if (member.boot === boot && member.ticks >= ticks) members.push(Number(name));
  }
  return members;
}

/** Linux shows these to programs whatever its own are (sysconf(3): USER_HZ). */
const TICKS_PER_SECOND = 100;

/** What the group has used; undefined where it is over, and where the system does not say. */
export async function usageOfGroup(leader: GroupLeader): Promise<Usage | undefined> {
  if (process.platform !== 'linux') return undefined;
  const used = await Promise.all((await survivors(leader)).map(usageOf));
  const living = used.filter((each) => each !== undefined);
  if (living.length === 0) return undefined;
  const sum = (of: (each: ProcessUsage) => number): number =>
    living.reduce((total, each) => total + of(each), 0);
  const { stdout } = await run('getconf', ['PAGESIZE']);
  return {
    cpuMs: sum(({ cpuMs }) => cpuMs),
    memoryBytes: sum(({ pages }) => pages) * Number(stdout),
  };
}

interface ProcessUsage {
  readonly cpuMs: number;
  /** Resident memory. */
  readonly pages: number;
}

/** A small server has used less than a tick; what the scheduler counts is exact, but only of the first thread. */
async function usageOf(pid: number): Promise<ProcessUsage | undefined> {
  const stat = await readStat(pid);
  if (stat === undefined) return undefined;
  const scheduled = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '0');
  const exactMs = Number(scheduled.split(' ', 1)[0]) / 1e6;
  return { cpuMs: Math.max(exactMs, (stat.cpuTicks * 1_000) / TICKS_PER_SECOND), pages: stat.pages };
}

/** Whether the group has any member, zombies included. */
function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

export function isDead(stat: Stat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** proc(5): after the name in parentheses come state, ppid, pgrp, session, …; field 22 is the start time in ticks. */
export async function readStat(pid: number): Promise<Stat | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, group, session] = fields;
  const startedAt = `${await bootId()}:${fields[19] ?? ''}`;
  const number = (index: number): number => Number(fields[index] ?? 0);
  const cpuTicks = number(11) + number(12) + number(13) + number(14);
  const about = { cpuTicks, pages: number(21) };
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startedAt,
    ...about,
  };
}

let bootIdRead: Promise<string> | undefined;

/** Ticks count from the boot, so they distinguish processes only together with the boot id. */
function bootId(): Promise<string> {
  bootIdRead ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim());
  return bootIdRead;
}

function parseStartedAt(startedAt: string): { boot: string; ticks: number } {
  const colon = startedAt.lastIndexOf(':');
  return { boot: startedAt.slice(0, colon), ticks: Number(startedAt.slice(colon + 1)) };
}
