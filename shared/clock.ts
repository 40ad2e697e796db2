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

/** The same numbers for the same seed, in every run (mulberry32, T. Ettinger). For simulations and schedules, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** An unguessable name: 160 bits from the system's CSPRNG as 40 hexadecimal digits, which URLs, cookies and host names accept. */
export function newSandboxId(): string {
  return randomBytes(20).toString('hex');
}

/** 122 random bits as 32 hexadecimal digits: identifies one start of a program, or one ticket. */
export function newNonce(): string {
  return randomUUID().replaceAll('-', '');
}

/** Enough of an id to find it in a log, too little to use it: a sandbox's full id opens the sandbox. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
