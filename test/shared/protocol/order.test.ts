// Orders: those that the front signed are accepted, and no others.
import type { KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Order, signOrder, verifyOrder } from '../../../shared/protocol/order.ts';
import { orderKey, publicOrderKeys } from '../../support/fleet-keys.ts';

const KEY = orderKey('a-secret-of-the-fleet');
const KEYS = publicOrderKeys('a-secret-of-the-fleet');
const NEWER_AND_OLD = publicOrderKeys('a-newer-secret-of-it', 'a-secret-of-the-fleet');
const NOW = 1_800_000_000_000;
const order: Order = { order: 'drain', node: 'node7', nonce: 'abcdefgh1234', expires: NOW + 60_000 };
const body = JSON.stringify(order);

describe('an order', () => {
  test('is accepted as it was signed, with the new secret and the old', () => {
    expect(verifyOrder(body, signOrder(body, KEY), KEYS, NOW)).toEqual(order);
    expect(verifyOrder(body, signOrder(body, KEY), NEWER_AND_OLD, NOW)).toEqual(order);
  });

  test.each<[string, string, string, readonly KeyObject[], number]>([
    ['signed with another secret', body, signOrder(body, orderKey('somebody-elses-secret')), KEYS, NOW],
    ['changed after it was signed', body.replace('node7', 'node8'), signOrder(body, KEY), KEYS, NOW],
    ['not signed', body, '', KEYS, NOW],
    ['stale', body, signOrder(body, KEY), KEYS, NOW + 60_001],
    ['of a far future', body, signOrder(body, KEY), KEYS, NOW - 3_600_000],
    ['without a key to check it by', body, signOrder(body, KEY), [], NOW],
    [
      'something else, though signed',
      '{"order":"explode"}',
      signOrder('{"order":"explode"}', KEY),
      KEYS,
      NOW,
    ],
  ])('that is %s is none', (_, text, signature, keys, now) => {
    expect(verifyOrder(text, signature, keys, now)).toBeUndefined();
  });
});
