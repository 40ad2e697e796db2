// When a reader's sandbox will end, and when its reader has to be told so: pure functions of the clock.
import type { Clock } from '../../shared/clock.ts';
import { findDeadline } from '../sandboxes/deadline.ts';
import { inWallTime, type SteadyClock } from '../sandboxes/steady-clock.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import type { StateJson } from './messages.ts';

/** In ms of the monotonic clock. */
export interface Moments {
  readonly deadline: { readonly at: number; readonly why: 'drain' | 'age' } | undefined;
  readonly idleAt: number | undefined;
}

export interface MomentSources {
  readonly config: { readonly idleMs: number; readonly maxAgeMs: number };
  /** When the node's drain ends its readers, ms since 1970; null when there is none. */
  readonly drainDeadline: number | null;
  readonly clock: Clock;
  readonly time: SteadyClock;
}

/** Two minutes are enough to notice a warning and press a key; WCAG 2.2.1 asks for 20 seconds. ms */
const LEAST_WARNING_MS = 120_000;
const LONGEST_WARNING_MS = 300_000;
/** News that is needed for a warning is sent this much earlier. ms */
const AHEAD_MS = 5_000;
/** What differs by less is the same moment, measured twice. ms */
const SAME_MS = 1_000;

/** How long before an end for lack of use the reader is warned, ms; half of a limit that is shorter than four minutes. */
export function warningOf(idleMs: number): number {
  return Math.min(idleMs / 2, Math.max(LEAST_WARNING_MS, Math.min(LONGEST_WARNING_MS, idleMs / 12)));
}

export function momentsOf(sandbox: Sandbox, { config, drainDeadline, clock, time }: MomentSources): Moments {
  const wall = inWallTime(sandbox, time);
  const deadline = findDeadline(wall, drainDeadline, config.maxAgeMs);
  const monotonic = (at: number): number => at - clock.now() + clock.monotonic();
  const used = sandbox.state === 'active' ? wall.lastUse : undefined;
  return {
    deadline: deadline && { at: monotonic(deadline.at), why: deadline.why },
    idleAt: config.idleMs > 0 && used !== undefined ? monotonic(used + config.idleMs) : undefined,
  };
}

/** @param now of the monotonic clock, ms */
export function describeMoments({ deadline, idleAt }: Moments, idleMs: number, now: number): StateJson {
  const left = (at: number): number => Math.max(0, Math.round(at - now));
  return {
    deadline: deadline === undefined ? null : { left_ms: left(deadline.at), why: deadline.why },
    idle:
      idleAt === undefined
        ? null
        : { left_ms: left(idleAt), limit_ms: idleMs, warn_ms: Math.round(warningOf(idleMs)) },
  };
}

/** Whether a warning for lack of use is due, or about to be. */
export function isIdleNear({ idleAt }: Moments, idleMs: number, now: number): boolean {
  return idleAt !== undefined && idleAt - now <= warningOf(idleMs) + AHEAD_MS;
}

/**
 * Whether a tab that was told `told` has to be told `present`. The idle end moves with every use: that is news only once the
 * tab is about to warn for nothing.
 */
export function isNews(told: Moments, present: Moments, idleMs: number, now: number): boolean {
  if (told.deadline?.why !== present.deadline?.why || differs(told.deadline?.at, present.deadline?.at))
    return true;
  if ((told.idleAt === undefined) !== (present.idleAt === undefined)) return true;
  return differs(told.idleAt, present.idleAt) && isIdleNear(told, idleMs, now);
}

function differs(one: number | undefined, other: number | undefined): boolean {
  return Math.abs((one ?? 0) - (other ?? 0)) > SAME_MS;
}
