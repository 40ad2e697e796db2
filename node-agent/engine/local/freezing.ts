// Freezes a local sandbox: stops its process group, and all that its processes have started. Jupyter's kernels are in groups
// of their own, so the group alone would not do. A process that its reader had stopped in a terminal goes on at the thaw.
import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, FleetError } from '../../../shared/errors.ts';
import type { FreezeSavings } from '../engine.ts';
import { type GroupLeader, isDead, readStat, type Stat } from './processes.ts';

/** Each round stops what was started before its parent stopped. */
const ROUNDS = 50;
const PAUSE_MS = 5;

export const LOCAL_SAVINGS: FreezeSavings =
  process.platform === 'linux'
    ? { cpu: true, memory: false, missing: 'the local engine cannot push memory out' }
    : { cpu: false, memory: false, missing: 'the local engine freezes sandboxes on Linux only' };

/** Whether the leader is stopped: it is the first to stop and the last to go on. */
export async function isFrozen(leader: GroupLeader): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const stat = await readStat(leader.pid);
  return stat?.startedAt === leader.startedAt && stat.state === 'T';
}

/**
 * @param mayGoOn false ends it, with some of the processes stopped
 * @throws FleetError `conflict` when the leader does not run, `engine-timeout`
 */
export async function freezeProcesses(leader: GroupLeader, mayGoOn: () => boolean): Promise<void> {
  for (let round = 0; round < ROUNDS && mayGoOn(); round += 1) {
    const all = await processesOf(leader);
    if (all.length === 0) throw new FleetError('conflict', 'the sandbox does not run');
    const running = all.filter(([, { state }]) => state !== 'T' && state !== 't');
    if (running.length === 0) return;
    for (const [pid] of running) signal(pid, 'SIGSTOP');
    await delay(PAUSE_MS);
  }
  if (mayGoOn()) throw new FleetError('engine-timeout', 'the processes of a sandbox do not stop');
}

/** Does nothing where the leader does not run. */
export async function thawProcesses(leader: GroupLeader): Promise<void> {
  for (const [pid] of (await processesOf(leader)).reverse()) signal(pid, 'SIGCONT');
}

/** The leader, first, and all of its group and their descendants. None when the leader does not run. */
async function processesOf(leader: GroupLeader): Promise<[number, Stat][]> {
  if (process.platform !== 'linux') return [];
  const first = await readStat(leader.pid);
  if (first === undefined || isDead(first) || first.startedAt !== leader.startedAt) return [];
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    names.map(async (name) => [Number(name), await readStat(Number(name))] as const),
  );
  const living = stats.flatMap(([pid, stat]): [number, Stat][] =>
    stat === undefined || isDead(stat) || pid === leader.pid ? [] : [[pid, stat]],
  );
  const found = new Map<number, Stat>([[leader.pid, first]]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, stat] of living) {
      const isMember = stat.group === leader.pid && stat.session === leader.pid;
      if (isMember || found.has(stat.parent)) found.set(pid, stat);
    }
  }
  return [...found];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile, or runs as another user, who is not ours to stop.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}
