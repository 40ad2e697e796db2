// Which sandboxes may be frozen.
import { expect, test } from 'vitest';
import { findUnused } from '../../../node-agent/freezing/find-unused.ts';

const NOW = 1_000_000;
const sandbox = (more: Partial<Parameters<typeof findUnused>[0][number]>) => ({
  ...({ id: 'a', state: 'active', claimedAt: NOW - 900, lastUse: NOW - 500 } as const),
  ...more,
});

test.each([
  ['one that was used, and not for long enough', {}, true],
  ['one that was used lately', { lastUse: NOW - 499 }, false],
  ['one that was only claimed', { state: 'claimed', lastUse: undefined }, false],
  ['one without a reader', { state: 'warm' }, false],
  ['one that ends', { state: 'removing' }, false],
  ['one that is frozen already', { frozen: true }, false],
  ['one of a front that tries the way of a reader', { isCanary: true }, false],
] as const)('%s: %o is to be frozen: %s', (_, more, expected) => {
  const found = findUnused([sandbox(more)], { freezeAfterMs: 500 }, NOW);
  expect(found.map(({ id }) => id)).toEqual(expected ? ['a'] : []);
});

test('none is frozen where that is switched off', () => {
  expect(findUnused([sandbox({ lastUse: 0 })], { freezeAfterMs: 0 }, NOW)).toEqual([]);
});
