// Time and randomness are passed in, so that logic can be tested without waiting and with fixed results.
import { randomBytes, randomUUID } from 'node:crypto';

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

/** An unguessable name: 160 bits from the system's CSPRNG, in characters that URLs, cookies and container names accept. */
export function newSandboxId(): string {
  return encodeBase32(randomBytes(20));
}

/** 122 random bits as 32 hexadecimal digits: identifies one start of a program, or one ticket. */
export function newNonce(): string {
  return randomUUID().replaceAll('-', '');
}

/** Enough of an id to find it in a log, too little to use it: a sandbox's full id opens the sandbox. */
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
