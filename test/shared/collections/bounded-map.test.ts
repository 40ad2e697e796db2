// A map of the newest entries.
import { describe, expect, test } from 'vitest';
import { BoundedMap } from '../../../shared/collections/bounded-map.ts';

describe('a bounded map', () => {
  test('keeps the newest entries, and never more than twice as many', () => {
    const map = new BoundedMap<number, string>(10);
    for (let key = 0; key < 1_000; key += 1) {
      map.set(key, `value ${key}`);
      expect(map.size).toBeLessThanOrEqual(20);
      for (let kept = Math.max(0, key - 9); kept <= key; kept += 1)
        expect(map.get(kept)).toBe(`value ${kept}`);
    }
    expect(map.has(0)).toBe(false);
    expect(map.get(0)).toBeUndefined();
  });

  test('an entry that is set again is the newest, with its new value', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 1);
    map.set('c', 1);
    map.set('a', 2);
    map.set('d', 1);
    expect(map.get('a')).toBe(2);
  });

  test('forgets an entry that is deleted, be it new or old', () => {
    const map = new BoundedMap<string, number>(1);
    map.set('old', 1);
    map.set('new', 1);
    expect([map.delete('old'), map.delete('new'), map.delete('none')]).toEqual([true, true, false]);
    expect([map.has('old'), map.has('new'), map.size]).toEqual([false, false, 0]);
  });

  test('holds undefined as a value', () => {
    const map = new BoundedMap<string, undefined>(1);
    map.set('a', undefined);
    expect(map.has('a')).toBe(true);
  });
});
