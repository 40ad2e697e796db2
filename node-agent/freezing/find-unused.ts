// Which sandboxes may be frozen: a pure function of the clock.
import type { Sandbox } from '../sandboxes/table.ts';

type Timed = Pick<Sandbox, 'id' | 'state' | 'claimedAt' | 'lastUse' | 'frozen' | 'isCanary'>;

/**
 * Those that their readers have used, and then not for `freezeAfterMs`. One that was never used ends with its lease, and a
 * front's own visit is over in seconds.
 * @param freezeAfterMs 0 for never
 * @param now ms, on the clock of the sandboxes' times
 */
export function findUnused<T extends Timed>(
  sandboxes: readonly T[],
  { freezeAfterMs }: { readonly freezeAfterMs: number },
  now: number,
): readonly T[] {
  if (freezeAfterMs === 0) return [];
  return sandboxes.filter(
    ({ state, claimedAt = now, lastUse = claimedAt, frozen = false, isCanary = false }) =>
      state === 'active' && !frozen && !isCanary && now - lastUse >= freezeAfterMs,
  );
}
