// Observe → plan → act: what the pool should do next, as a pure function of what there is.

import { keepsWarm, type NodeState } from '../../shared/protocol/node-state.ts';
import type { EndReason } from '../../shared/protocol/sandbox-state.ts';

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
  /** Readers who wait for a start. */
  readonly waiting: number;
  /** Warm or starting ones that should give way to newer ones. */
  readonly stale: ReadonlySet<string>;
  readonly maxStarting: number;
  /** False after failures, for a while, and while the host has no room. */
  readonly mayStart: boolean;
  /** By an operator's word: no start, and nothing gives way to what would not be started. */
  readonly paused: boolean;
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
 * A node that keeps none warm ends all unclaimed ones. Otherwise: surplus ends first, stale ones are replaced without the
 * pool ever dropping below half of what is wanted, and starts fill up what is missing, up to `maxStarting` at a time.
 */
export function planPool(seen: Observed): Plan {
  if (!keepsWarm(seen.state)) {
    return { start: 0, end: [...seen.warm, ...seen.starting].map((id) => ({ id, reason: 'drained' })) };
  }
  const room = Math.max(0, seen.capacity - seen.held - seen.removing);
  // What is being removed still holds its slot, so its successor starts when the engine has confirmed; but it is no
  // reason to end what is ready, or a pool that shrinks would empty itself.
  const wanted = Math.min(room, seen.warmTarget + seen.waiting);
  const most = Math.min(Math.max(0, seen.capacity - seen.held), seen.warmTarget + seen.waiting);

  const surplus = Math.max(0, seen.warm.length - most);
  const staleFirst = [...seen.warm].sort((a, b) => Number(seen.stale.has(b)) - Number(seen.stale.has(a)));
  const shed = staleFirst.slice(0, surplus);
  const kept = staleFirst.slice(surplus);

  // Of what would be warm once the removals under way are over, or each of them would lower the bar for the next.
  const rolls = (id: string): boolean => seen.stale.has(id) && !seen.paused;
  const rolled = kept.filter(rolls).slice(0, Math.max(0, kept.length - Math.ceil(most / 2)));
  const staleStarting = seen.starting.filter(rolls);
  // More than there are slots, since the capacity shrank: the newest of the starts go.
  const slots = Math.max(0, seen.capacity - seen.held - kept.length);
  const excess = seen.starting.slice(slots).filter((id) => !staleStarting.includes(id));

  const missing = wanted - kept.length - seen.starting.length;
  const mayStart = seen.mayStart && !seen.paused;
  const start = mayStart ? Math.max(0, Math.min(missing, seen.maxStarting - seen.starting.length)) : 0;
  return {
    start,
    end: [
      ...shed.map((id) => ({ id, reason: 'surplus' as const })),
      ...rolled.map((id) => ({ id, reason: 'stale-image' as const })),
      ...staleStarting.map((id) => ({ id, reason: 'stale-image' as const })),
      ...excess.map((id) => ({ id, reason: 'surplus' as const })),
    ],
  };
}

/** Slots in which a reader who comes now could still be started one; a paused pool has only the starts under way. */
export function coldRoom(
  seen: Pick<Observed, 'capacity' | 'paused' | 'held' | 'removing' | 'waiting'> & {
    readonly warm: number;
    readonly starting: number;
  },
): number {
  const slots = seen.paused ? seen.starting : seen.capacity - seen.warm - seen.held - seen.removing;
  return Math.max(0, slots - seen.waiting);
}
