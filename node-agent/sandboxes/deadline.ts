// When a reader's sandbox will end whatever they do: at the deadline of the drain, or at its maximum age.
import type { Sandbox } from './table.ts';

export interface Deadline {
  /** ms since 1970 */
  readonly at: number;
  readonly why: 'drain' | 'age';
}

/** Header of every response of a sandbox with a deadline. */
const DEADLINE_HEADER = 'tmpfleet-deadline';

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

/** Name and value; parameters as for `findDeadline`. @param sandbox with times on the wall clock */
export function deadlineHeader(
  sandbox: Pick<Sandbox, 'claimedAt'>,
  drain: number | null,
  maxAge: number,
): readonly [string, string] | undefined {
  const deadline = findDeadline(sandbox, drain, maxAge);
  return deadline && [DEADLINE_HEADER, new Date(deadline.at).toISOString()];
}
