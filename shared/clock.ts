// Time and chance are handed in, so that logic can be tested without waiting and without luck.
import { randomBytes } from 'node:crypto';

/** `now` is wall time in ms since 1970; `monotonic` never goes back and is for measuring spans (ms). */
export interface Clock {
  now(): number;
  monotonic(): number;
}

/** Uniform in [0, 1). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

export const systemRandom: Random = () => Math.random();

/** An unguessable name: 160 bits from the system's CSPRNG, in letters and digits that every URL, cookie and container name bears. */
export function newSandboxId(): string {
  return encodeBase32(randomBytes(20));
}

const NONCE_BYTES = 12;
/** Of 12 bytes in base64url: no padding, so many nonces written out in one go can be cut apart again. */
const NONCE_LENGTH = 16;
/** Drawn and written out a thousand at a time: a native call for each would cost a redirect more than all else of its ticket. */
const NONCES_AT_ONCE = 1024;
let drawn = '';
let used = 0;

/** 96 bits: distinguishes one start of a program, or one ticket, from every other. */
export function newNonce(): string {
  if (used === drawn.length) {
    drawn = randomBytes(NONCE_BYTES * NONCES_AT_ONCE).toString('base64url');
    used = 0;
  }
  used += NONCE_LENGTH;
  return drawn.slice(used - NONCE_LENGTH, used);
}

/** Enough of an id to find it in a log, too little to use it: a sandbox's id opens the sandbox. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 base 32, lower case, for whole groups of five bytes. */
function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((buffer >> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}
