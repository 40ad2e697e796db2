// Observe → plan → act: what the pool should do next, as a pure function of its present state.

import { keepsWarm, type NodeState } from '../../shared/protocol/node-state.ts';
import type { EndReason } from '../../shared/protocol/sandbox-state.ts';

export interface Observed {
  readonly state: NodeState;
  readonly capacity: number;
  /** How many sandboxes should be ready and unclaimed; more than the capacity means all slots. */
  readonly warmTarget: number;
  /** Ids of warm sandboxes, oldest first. */
  readonly warm: readonly string[];
  readonly starting: readonly string[];
  readonly held: number;
  readonly removing: number;
  /** Readers who wait for a start. */
  readonly waiting: number;
  /** Ids of warm or starting sandboxes that should be replaced by newer ones. */
  readonly stale: ReadonlySet<string>;
  /** None has started yet from what replaces them: then they make room for one start at a time. */
  readonly isTrial?: boolean;
  readonly maxStarting: number;
  /** False for a while after failures, and while the host lacks memory or disk. */
  readonly mayStart: boolean;
  /** Paused by an operator: nothing is started, and nothing is replaced. */
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
 * pool ever dropping below half of what is wanted (but where a single slot allows nothing else), and starts fill up what is
 * missing, up to `maxStarting` at a time.
 */
export function planPool(seen: Observed): Plan {
  if (!keepsWarm(seen.state)) {
    return { start: 0, end: [...seen.warm, ...seen.starting].map((id) => ({ id, reason: 'drained' })) };
  }
  const { wanted, most } = poolTargets(seen);

  const surplus = Math.max(0, seen.warm.length - most);
  const staleFirst = [...seen.warm].sort((a, b) => Number(seen.stale.has(b)) - Number(seen.stale.has(a)));
  const shed = staleFirst.slice(0, surplus);
  const kept = staleFirst.slice(surplus);

  // Counted as if the removals under way were over; otherwise each removal would lower the limit for the next.
  const rolls = (id: string): boolean => seen.stale.has(id) && !seen.paused;
  // Half of one is one, so a single sandbox would never be replaced: its successor starts beside it, if there is a slot.
  const isLast = most === 1 && kept.length === 1 && kept.every(rolls);
  const hasSlot = seen.capacity - seen.held > 1;
  const stay = isLast && !hasSlot && seen.mayStart ? 0 : Math.ceil(most / 2);
  const beside = isLast && hasSlot ? 1 : 0;
  const free = Math.max(0, seen.capacity - seen.held - seen.removing);
  const missing = Math.min(wanted + beside, free) - kept.length - seen.starting.length;
  const isRoomThere = missing > 0 || seen.starting.length > 0 || seen.removing > 0;
  const turn = seen.isTrial === true ? Number(!isRoomThere) : kept.length;
  const rolled = kept.filter(rolls).slice(0, Math.min(turn, Math.max(0, kept.length - stay)));
  const staleStarting = seen.starting.filter(rolls);
  // After the capacity shrank, there can be more sandboxes than slots: the newest starts end first.
  const slots = Math.max(0, seen.capacity - seen.held - kept.length);
  const excess = seen.starting.slice(slots).filter((id) => !staleStarting.includes(id));

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

/**
 * `wanted`: unclaimed sandboxes to have, warm or starting; `most`: more than these are surplus.
 *
 * A sandbox that is being removed still holds its slot, so its successor starts after the engine's confirmation. It does
 * not count as surplus, or a pool that shrinks would end all its ready sandboxes.
 */
export function poolTargets({
  capacity,
  held,
  removing,
  warmTarget,
  waiting,
}: Pick<Observed, 'capacity' | 'held' | 'removing' | 'warmTarget' | 'waiting'>): {
  readonly wanted: number;
  readonly most: number;
} {
  return {
    wanted: Math.min(Math.max(0, capacity - held - removing), warmTarget + waiting),
    most: Math.min(Math.max(0, capacity - held), warmTarget + waiting),
  };
}

/** Slots in which a sandbox could still be started for a new reader; in a paused pool, only the starts under way. */
export function coldRoom(
  seen: Pick<Observed, 'capacity' | 'paused' | 'held' | 'removing' | 'waiting'> & {
    readonly warm: number;
    readonly starting: number;
  },
): number {
  const slots = seen.paused ? seen.starting : seen.capacity - seen.warm - seen.held - seen.removing;
  return Math.max(0, slots - seen.waiting);
}
