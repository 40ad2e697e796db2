// When a reader's sandbox will end whatever they do: at the deadline of the drain, or at its maximum age.
import type { Sandbox } from './table.ts';

export interface Deadline {
  /** ms since 1970 */
  readonly at: number;
  readonly why: 'drain' | 'age';
}

/** A deadline by age is announced only when it is this near. ms */
const NEAR_MS = 30 * 60_000;

/** Header of every response of a sandbox with a deadline. Whole seconds, as in an HTTP date. */
export const DEADLINE_HEADER = 'tmpfleet-deadline';

/**
 * @param drain when the node's drain ends its readers, ms since 1970; null when there is none
 * @param maxAge ms; 0 for no limit
 */
export function findDeadline(
  { claimedAt }: Pick<Sandbox, 'claimedAt'>,
  drain: number | null,
  maxAge: number,
): Deadline | undefined {
  const age = maxAge > 0 && claimedAt !== undefined ? claimedAt + maxAge : Number.POSITIVE_INFINITY;
  if (drain !== null && drain <= age) return { at: drain, why: 'drain' };
  return Number.isFinite(age) ? { at: age, why: 'age' } : undefined;
}

/** Whether the page should show it as well. */
export function isWorthTelling({ at, why }: Deadline, now: number): boolean {
  return why === 'drain' || at - now <= NEAR_MS;
}
