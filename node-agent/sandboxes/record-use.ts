// Records when sandboxes were last used, so that idle times survive a restart of the agent.
import type { Journal } from './claim-journal.ts';
import type { SteadyClock } from './steady-clock.ts';
import type { SandboxTable } from './table.ts';

/** Least time between two records of one sandbox; after a restart it may seem idle for this much longer. */
const RECORD_EVERY_MS = 60_000;

export function recordUse(table: SandboxTable, journal: Journal, time: SteadyClock): void {
  for (const { id, state, lastUse } of table.all()) {
    if (state !== 'active' || lastUse === undefined) continue;
    const usedAt = time.toWall(lastUse);
    // The absolute difference: after the wall clock was set back, the recorded use lies in the future.
    if (Math.abs(usedAt - (journal.recorded.get(id)?.lastUse ?? 0)) >= RECORD_EVERY_MS)
      journal.use(id, usedAt);
  }
}
