// The key of a sandbox: the secret of the browser or program that claimed it. Who shows it owns the sandbox.
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** 160 bits from the system's CSPRNG as 40 hexadecimal digits: fit for cookies, queries and headers without escaping. */
export function newKey(): string {
  return randomBytes(20).toString('hex');
}

/** Compares in constant time. The length of a key is no secret. */
export function equalKeys(key: string, shown: string): boolean {
  return key.length === shown.length && timingSafeEqual(Buffer.from(key), Buffer.from(shown));
}
