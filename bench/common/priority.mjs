// Who goes first where a bench has front, hosts, sandboxes and readers on one machine.
//
// Linux weighs sessions before it weighs the processes in them (sched_autogroup, sched(7)): each agent and each sandbox of the embedded
// engine is a session of its own, so that dozens that start at one time leave a small part of a core to front and readers, whatever the
// nice value of any of them is. So that of the session is set, too.
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

const FIRST = -10;

/** For a process that would have a machine of its own, the first one of its session. Only root may; elsewhere it stays as it is. */
export function goFirst(pid) {
  for (const set of [
    () => setPriority(pid, FIRST),
    () => writeFileSync(`/proc/${pid}/autogroup`, String(FIRST)),
  ]) {
    try {
      set();
    } catch {
      // Not allowed, or no Linux that has it.
    }
  }
}
