// The tree against the simplest reference: an array, summed and searched from its beginning.
import { describe, expect, test } from 'vitest';
import { Fenwick } from '../../../redirector/placement/fenwick-tree.ts';
import { seeded } from '../support.ts';

function findLinear(weights: readonly number[], point: number): number | undefined {
  let left = point;
  for (const [place, weight] of weights.entries()) {
    if (left < weight) return place;
    left -= weight;
  }
  return undefined;
}

describe('a Fenwick tree', () => {
  test('finds what a linear search finds, through 20,000 changes and growth from 1 place to 700', () => {
    const random = seeded(7);
    const tree = new Fenwick(1);
    const weights: number[] = [];
    for (let turn = 0; turn < 20_000; turn += 1) {
      const place = Math.floor(random() * Math.min(700, 1 + turn / 20));
      const weight = random() < 0.3 ? 0 : Math.floor(random() * 1_000);
      while (weights.length <= place) weights.push(0);
      weights[place] = weight;
      tree.set(place, weight);
      if (turn % 10 > 0) continue;
      const total = weights.reduce((sum, one) => sum + one, 0);
      expect(tree.total).toBe(total);
      const point = random() * total;
      expect(tree.find(point)).toBe(total === 0 ? undefined : findLinear(weights, point));
    }
    for (const [place, weight] of weights.entries()) expect(tree.at(place)).toBe(weight);
  });

  test('finds each place on exactly its own stretch', () => {
    const tree = new Fenwick();
    const weights = [0, 3, 0, 0, 1, 2, 0];
    for (const [place, weight] of weights.entries()) tree.set(place, weight);
    expect(Array.from({ length: 6 }, (_, point) => tree.find(point))).toEqual([1, 1, 1, 4, 5, 5]);
    expect([0.5, 2.999, 3, 5.999].map((point) => tree.find(point))).toEqual([1, 1, 4, 5]);
  });

  test('finds nothing where nothing has weight, and never a place without weight', () => {
    const tree = new Fenwick();
    expect(tree.find(0)).toBeUndefined();
    tree.set(5, 2);
    expect([tree.find(0), tree.find(2), tree.find(99)]).toEqual([5, 5, 5]);
    tree.set(5, 0);
    expect(tree.find(0)).toBeUndefined();
    expect(tree.size).toBe(6);
    expect(tree.at(4_000)).toBe(0);
  });

  test('is exact after a million changes', () => {
    const random = seeded(3);
    const tree = new Fenwick(64);
    for (let turn = 0; turn < 1_000_000; turn += 1) {
      tree.set(Math.floor(random() * 64), Math.floor(random() * 64_000_000));
    }
    for (let place = 1; place < 64; place += 1) tree.set(place, 0);
    tree.set(0, 1);
    expect(tree.total).toBe(1);
    expect(tree.find(0)).toBe(0);
  });
});
