// The draw: in proportion, the larger of two, never where there is no room.
import { describe, expect, test } from 'vitest';
import { type Candidate, chooseNode } from '../../redirector/placement.ts';
import { seeded } from './support.ts';

const node = (name: string, warm: number, cold = 0): Candidate<string> => ({
  node: name,
  room: { warm, cold },
});

/** How often each is chosen in 10,000 draws. */
function shares(candidates: readonly Candidate<string>[]): ReadonlyMap<string | undefined, number> {
  const random = seeded(1);
  const counts = new Map<string | undefined, number>();
  for (let turn = 0; turn < 10_000; turn += 1) {
    const chosen = chooseNode(candidates, random);
    counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
  }
  return counts;
}

describe('placement', () => {
  test('gives a full node beside a free one nothing of 10,000', () => {
    expect(shares([node('full', 0), node('free', 5), node('full too', 0)])).toEqual(
      new Map([['free', 10_000]]),
    );
  });

  test('chooses nobody when nobody has room', () => {
    expect(shares([])).toEqual(new Map([[undefined, 10_000]]));
    expect(shares([node('a', 0), node('b', 0)])).toEqual(new Map([[undefined, 10_000]]));
  });

  test('gives equal nodes equal shares', () => {
    for (const [, count] of shares([node('a', 5), node('b', 5), node('c', 5), node('d', 5)])) {
      expect(count).toBeGreaterThan(2_300);
      expect(count).toBeLessThan(2_700);
    }
  });

  test('keeps the larger of two draws: a node of weight w among W is passed over only when both draws miss it', () => {
    // 1 − (1/4)² of the draws: 9,375
    const large = shares([node('small', 1), node('large', 3)]).get('large') ?? 0;
    expect(large).toBeGreaterThan(9_275);
    expect(large).toBeLessThan(9_475);
  });

  test('leaves no node with room out', () => {
    expect(shares([node('huge', 60), node('tiny', 20)]).get('tiny')).toBeGreaterThan(100);
  });

  test('draws by room for a cold start only when nothing is warm anywhere', () => {
    expect(shares([node('warm', 1, 0), node('cold', 0, 100)])).toEqual(new Map([['warm', 10_000]]));
    const cold = shares([node('a', 0, 30), node('b', 0, 10), node('none', 0, 0)]);
    expect(cold.get('a')).toBeGreaterThan(7_300);
    expect(cold.get('b')).toBeGreaterThan(2_300);
    expect(cold.get('none')).toBeUndefined();
  });

  test('holds at the edges of chance', () => {
    const candidates = [node('none', 0), node('a', 3), node('none', 0)];
    expect(chooseNode(candidates, () => 0)).toBe('a');
    expect(chooseNode(candidates, () => 1 - Number.EPSILON / 2)).toBe('a');
  });
});
