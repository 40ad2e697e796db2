// Orders: those that the front signed are accepted, and no others.
import { describe, expect, test } from 'vitest';
import { type Order, signOrder, verifyOrder } from '../../../shared/protocol/order.ts';

const SECRET = 'a-secret-of-the-fleet';
const NOW = 1_800_000_000_000;
const order: Order = { order: 'drain', node: 'node7', nonce: 'abcdefgh1234', expires: NOW + 60_000 };
const body = JSON.stringify(order);

describe('an order', () => {
  test('is accepted as it was signed, with the new secret and the old', () => {
    expect(verifyOrder(body, signOrder(body, SECRET), [SECRET], NOW)).toEqual(order);
    expect(verifyOrder(body, signOrder(body, SECRET), ['a-newer-secret-of-it', SECRET], NOW)).toEqual(order);
  });

  test.each<[string, string, string, readonly string[], number]>([
    ['signed with another secret', body, signOrder(body, 'somebody-elses-secret'), [SECRET], NOW],
    ['changed after it was signed', body.replace('node7', 'node8'), signOrder(body, SECRET), [SECRET], NOW],
    ['not signed', body, '', [SECRET], NOW],
    ['stale', body, signOrder(body, SECRET), [SECRET], NOW + 60_001],
    ['of a far future', body, signOrder(body, SECRET), [SECRET], NOW - 3_600_000],
    ['without a secret to check it by', body, signOrder(body, SECRET), [], NOW],
    [
      'something else, though signed',
      '{"order":"explode"}',
      signOrder('{"order":"explode"}', SECRET),
      [SECRET],
      NOW,
    ],
  ])('that is %s is none', (_, text, signature, secrets, now) => {
    expect(verifyOrder(text, signature, secrets, now)).toBeUndefined();
  });
});
