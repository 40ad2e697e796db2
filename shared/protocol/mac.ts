// HMAC-SHA-512 (RFC 2104) of short texts, many under one secret. A redirect that signs a ticket is bound by it:
// `createHmac` makes and discards three native objects a call, the two one-shot hashes of HMAC's definition none.
// test/shared/protocol/mac.test.ts holds the two against each other.
import { hash } from 'node:crypto';

/** The MAC of an ASCII text, 64 bytes in base64url. */
export type Mac = (text: string) => string;

/** SHA-512 reads blocks of so many bytes. */
const BLOCK = 128;
const DIGEST = 64;
/** Longer texts are still signed right, in a buffer of their own. */
const ROOM = 1024;

export function createMac(secret: string): Mac {
  const key = Buffer.alloc(BLOCK);
  const bytes = Buffer.from(secret);
  (bytes.length > BLOCK ? Buffer.from(hash('sha512', bytes, 'hex'), 'hex') : bytes).copy(key);
  const inner = Buffer.alloc(BLOCK + ROOM);
  const outer = Buffer.alloc(BLOCK + DIGEST);
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  const innerKey = inner.subarray(0, BLOCK);
  return (text) => {
    const whole =
      text.length > ROOM
        ? Buffer.concat([innerKey, Buffer.from(text, 'latin1')])
        : inner.subarray(0, BLOCK + inner.write(text, BLOCK, 'latin1'));
    // As a binary (latin1) string, the digest travels without an object of its own.
    outer.write(hash('sha512', whole, 'binary'), BLOCK, 'latin1');
    return hash('sha512', outer, 'base64url');
  };
}
