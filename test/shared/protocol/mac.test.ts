// The MAC made of two one-shot hashes is HMAC-SHA-512, for secrets and texts of every length around its blocks.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMac } from '../../../shared/protocol/mac.ts';

test.each([1, 16, 64, 127, 128, 129, 300])('is what createHmac says, for a secret of %i bytes', (length) => {
  const secret = 's'.repeat(length);
  const mac = createMac(secret);
  for (const size of [0, 1, 111, 112, 127, 128, 129, 150, 1023, 1024, 1025, 5000]) {
    const text = 'abcDEF-_09.'.repeat(500).slice(0, size);
    expect(mac(text), `a text of ${size}`).toBe(
      createHmac('sha512', secret).update(text).digest('base64url'),
    );
  }
});

test('knows a secret beyond ASCII', () => {
  expect(createMac('señor-секрет-秘密')('text')).toBe(
    createHmac('sha512', 'señor-секрет-秘密').update('text').digest('base64url'),
  );
});
