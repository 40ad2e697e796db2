// Observe → plan → act: what the pool should do next, as a pure function of what there is.

import { keepsWarm, type NodeState } from '../shared/node.ts';
import type { EndReason } from '../shared/sandbox.ts';

export interface Observed {
  readonly state: NodeState;
  readonly capacity: number;
  /** How many should be ready and unclaimed; more than the capacity means all of it. */
  readonly warmTarget: number;
  /** Ids of warm sandboxes, oldest first. */
  readonly warm: readonly string[];
  readonly starting: readonly string[];
  readonly held: number;
  readonly removing: number;
  /** Readers on whom a cold start depends. */
  readonly waiting: number;
  /** Warm or starting ones that should give way to newer ones. */
  readonly stale: ReadonlySet<string>;
  readonly maxStarting: number;
  /** False after failures, for a while, and while the host has no room. */
  readonly mayStart: boolean;
}

export interface Ending {
  readonly id: string;
  readonly reason: EndReason;
}

export interface Plan {
  readonly start: number;
  readonly end: readonly Ending[];
}

/**
 * Drained nodes shed what nobody holds. Otherwise: surplus goes first, stale ones roll without the pool ever
 * dropping below half of what is wanted, and starts fill up what is missing, so many at a time.
 */
export function planPool(seen: Observed): Plan {
  if (!keepsWarm(seen.state)) {
    return { start: 0, end: [...seen.warm, ...seen.starting].map((id) => ({ id, reason: 'drained' })) };
  }
  const room = Math.max(0, seen.capacity - seen.held - seen.removing);
  const wanted = Math.min(room, seen.warmTarget + seen.waiting);

  const surplus = Math.max(0, seen.warm.length - wanted);
  const staleFirst = [...seen.warm].sort((a, b) => Number(seen.stale.has(b)) - Number(seen.stale.has(a)));
  const shed = staleFirst.slice(0, surplus);
  const kept = staleFirst.slice(surplus);

  // Of what would be warm once the removals under way are over, or each of them would lower the bar for the next.
  const keep = Math.ceil(Math.min(seen.capacity - seen.held, seen.warmTarget + seen.waiting) / 2);
  const rolled = kept.filter((id) => seen.stale.has(id)).slice(0, Math.max(0, kept.length - keep));
  const staleStarting = seen.starting.filter((id) => seen.stale.has(id));

  // What is being removed still holds its slot, so its successor starts when the engine has confirmed.
  const missing = wanted - kept.length - seen.starting.length;
  const start = seen.mayStart ? Math.max(0, Math.min(missing, seen.maxStarting - seen.starting.length)) : 0;
  return {
    start,
    end: [
      ...shed.map((id) => ({ id, reason: 'surplus' as const })),
      ...rolled.map((id) => ({ id, reason: 'stale-image' as const })),
      ...staleStarting.map((id) => ({ id, reason: 'stale-image' as const })),
    ],
  };
}
