// By when a reader's sandbox will be taken away whatever they do: the drain's word, or their sandbox's greatest age.
import type { Sandbox } from './table.ts';

export interface Deadline {
  /** ms since 1970 */
  readonly at: number;
  readonly why: 'drain' | 'age';
}

/** Old age is not news until it is near. ms */
const NEAR_MS = 30 * 60_000;

/** The header that every response of a sandbox with a deadline bears: an HTTP date has no better resolution either. */
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
