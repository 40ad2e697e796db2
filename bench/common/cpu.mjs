// CPU time of a process and its children, from Linux's /proc; unknown on other systems.
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;

/** User and system time of `pid` and the processes below it, µs; NaN where there is no /proc. */
export function cpuMicroseconds(pid) {
  const all = processes();
  let total = ownTime(pid, all);
  for (const [child, { parent }] of all) if (parent === pid) total += ownTime(child, all);
  return total;
}

/** As above, without the processes below it. */
export function ownCpuMicroseconds(pid) {
  return ownTime(pid, processes());
}

function ownTime(pid, all) {
  const entry = all.get(pid);
  return entry === undefined ? Number.NaN : entry.ticks * TICK_US;
}

function processes() {
  const all = new Map();
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const fields = statOf(name);
      if (fields !== undefined)
        all.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    }
  } catch {
    // Not Linux.
  }
  return all;
}

/** The fields after the command's name, which may contain any character: proc(5). */
export function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
