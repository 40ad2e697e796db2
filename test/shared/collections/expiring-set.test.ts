// Keys that are kept until a time.
import { describe, expect, test } from 'vitest';
import { ExpiringSet } from '../../../shared/collections/expiring-set.ts';

describe('an expiring set', () => {
  test('takes a key once until it expires', () => {
    const set = new ExpiringSet();
    expect(set.add('a', 1_000, 0)).toBe(true);
    expect(set.add('a', 1_000, 500)).toBe(false);
    expect(set.add('a', 1_000, 1_000)).toBe(false);
    expect(set.add('b', 2_000, 1_000)).toBe(true);
  });

  test('never forgets a key before its time, for any order and length of lives', () => {
    const set = new ExpiringSet();
    for (let turn = 0; turn < 5_000; turn += 1) {
      const now = turn * 10;
      expect(set.add(`${turn}`, now + (turn % 7) * 100, now)).toBe(true);
      for (let life = 0; life <= 60; life += 13) {
        const before = turn - life;
        if (before >= 0 && before * 10 + (before % 7) * 100 >= now)
          expect(set.add(`${before}`, now, now), `${before} at ${now}`).toBe(false);
      }
    }
  });

  test('has at most the keys added in two lifetimes', () => {
    const set = new ExpiringSet();
    let largest = 0;
    for (let now = 0; now < 100_000; now += 1) {
      set.add(`${now}`, now + 1_000, now);
      largest = Math.max(largest, set.size);
    }
    expect(largest).toBeGreaterThan(1_000);
    expect(largest).toBeLessThan(3_100);
  });

  test('keeps its keys when the clock is set back', () => {
    const set = new ExpiringSet();
    set.add('a', 100_000, 90_000);
    expect(set.add('a', 10_000, 1_000)).toBe(false);
  });
});
