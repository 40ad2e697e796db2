// Which node the next reader goes to. Pure: what is known in, a choice out.
import type { Random } from '../shared/clock.ts';
import type { Room } from './node-view.ts';

export interface Candidate<T> {
  readonly node: T;
  readonly room: Room;
}

/** The seam: a policy chooses among candidates, or says that none has room. */
export type Policy = <T>(candidates: readonly Candidate<T>[], random: Random) => T | undefined;

/**
 * Two independent draws with probability proportional to the estimate, the larger of the two kept; where no
 * estimate is positive, one draw by room for a cold start.
 *
 * Weighted, because uniform draws overload small nodes; two, because one draw leaves the most loaded node
 * exponentially fuller (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10),
 * 2001); not the maximum, because redirectors with the same stale reports would all choose the same node.
 */
export const chooseNode: Policy = (candidates, random) => {
  const first = draw(candidates, random, byWarm);
  if (first === undefined) return draw(candidates, random, byCold)?.node;
  const second = draw(candidates, random, byWarm) ?? first;
  return (second.room.warm > first.room.warm ? second : first).node;
};

const byWarm = (room: Room): number => room.warm;
const byCold = (room: Room): number => room.cold;

function draw<T>(
  candidates: readonly Candidate<T>[],
  random: Random,
  weight: (room: Room) => number,
): Candidate<T> | undefined {
  let total = 0;
  for (const { room } of candidates) total += weight(room);
  if (total <= 0) return undefined;
  let left = random() * total;
  let last: Candidate<T> | undefined;
  for (const candidate of candidates) {
    const here = weight(candidate.room);
    if (here <= 0) continue;
    last = candidate;
    left -= here;
    if (left < 0) return candidate;
  }
  // Rounding may leave a grain; it belongs to the last one with any weight.
  return last;
}
