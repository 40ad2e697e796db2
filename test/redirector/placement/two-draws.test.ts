// The draw: in proportion to weight, the larger of two, never a node without room.
import { describe, expect, test } from 'vitest';
import { Placement } from '../../../redirector/placement/two-draws.ts';
import { seeded } from '../support.ts';

function placement(
  ...rooms: readonly (readonly [warm: number, cold?: number, doubted?: number])[]
): Placement {
  const made = new Placement();
  for (const [place, [warm, cold = 0, doubted = 0]] of rooms.entries())
    made.set(place, { warm, cold, doubted });
  return made;
}

/** How often each is chosen in 10,000 draws. */
function shares(from: Placement, excluded?: readonly number[]): ReadonlyMap<number | undefined, number> {
  const random = seeded(1);
  const counts = new Map<number | undefined, number>();
  for (let turn = 0; turn < 10_000; turn += 1) {
    const chosen = from.choose(random, excluded);
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  return counts;
}

describe('placement', () => {
  test('gives a full node beside a free one none of 10,000 readers', () => {
    expect(shares(placement([0], [5], [0]))).toEqual(new Map([[1, 10_000]]));
  });

  test('chooses no node when none has room', () => {
    expect(shares(placement())).toEqual(new Map([[undefined, 10_000]]));
    expect(shares(placement([0], [0]))).toEqual(new Map([[undefined, 10_000]]));
  });

  test('gives equal nodes equal shares', () => {
    for (const [, count] of shares(placement([5], [5], [5], [5]))) {
      expect(count).toBeGreaterThan(2_300);
      expect(count).toBeLessThan(2_700);
    }
  });

  test('keeps the larger of two draws: a node is passed over only when both draws miss it', () => {
    // A node of weight w among W gets 1 − (1 − w/W)² of the draws: 1 − (1/4)² of 10,000 is 9,375.
    const large = shares(placement([1], [3])).get(1) ?? 0;
    expect(large).toBeGreaterThan(9_275);
    expect(large).toBeLessThan(9_475);
  });

  test('leaves out no node with room', () => {
    expect(shares(placement([60], [20])).get(1)).toBeGreaterThan(100);
  });

  test('draws by room for a cold start only when nothing is warm anywhere', () => {
    expect(shares(placement([1, 0], [0, 100]))).toEqual(new Map([[0, 10_000]]));
    const cold = shares(placement([0, 30], [0, 10], [0, 0]));
    expect(cold.get(0)).toBeGreaterThan(7_300);
    expect(cold.get(1)).toBeGreaterThan(2_300);
    expect(cold.get(2)).toBeUndefined();
  });

  test('draws by doubted readers’ sandboxes only when there is no other room', () => {
    expect(shares(placement([0, 1, 0], [0, 0, 100]))).toEqual(new Map([[0, 10_000]]));
    const doubted = shares(placement([0, 0, 30], [0, 0, 10], [0, 0, 0]));
    expect(doubted.get(0)).toBeGreaterThan(7_300);
    expect(doubted.get(1)).toBeGreaterThan(2_300);
    expect(doubted.get(2)).toBeUndefined();
  });

  test('passes over excluded nodes, in both draws, and restores their weight', () => {
    const from = placement([50], [5], [0, 9]);
    expect(shares(from, [0])).toEqual(new Map([[1, 10_000]]));
    expect(shares(from, [0, 1])).toEqual(new Map([[2, 10_000]]));
    expect(shares(from, [0, 1, 2])).toEqual(new Map([[undefined, 10_000]]));
    expect([from.at(0).warm, from.at(1).warm, from.at(2).cold]).toEqual([50, 5, 9]);
  });

  test('holds at the limits of the random source', () => {
    const from = placement([0], [3], [0]);
    expect(from.choose(() => 0)).toBe(1);
    expect(from.choose(() => 1 - Number.EPSILON / 2)).toBe(1);
  });
});
