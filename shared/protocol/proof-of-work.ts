// The puzzle of a proof of work: a number that, behind a challenge, gives a SHA-256 hash with many zero bits at its front
// (Hashcash: A. Back, 2002, http://www.hashcash.org/papers/hashcash.pdf). Finding one takes 2^bits hashes on average,
// checking it one.
import { createHash } from 'node:crypto';

/**
 * 131,000 hashes on average: measured in Chromium 0.2 s, and 1.0 s with its processor throttled six times, about a phone.
 * More would turn readers away before it stopped anyone: a program hashes faster than any browser.
 */
export const WORK_BITS = 17;

/** The header and the parameter in which a client shows its work, as `<challenge>.<number>`. */
export const WORK_NAME = 'tmpfleet-work';

/** @param work `<challenge>.<number>`: at most 55 characters, so that it is hashed in one block */
export function isSolved(work: string, bits = WORK_BITS): boolean {
  return Math.clz32(createHash('sha256').update(work).digest().readUInt32BE()) >= bits;
}

/** Solves a challenge, as a page of ours does in a browser. @returns the work to show */
export function solveWork(challenge: string, bits = WORK_BITS): string {
  for (let number = 0; ; number += 1) {
    const work = `${challenge}.${number}`;
    if (isSolved(work, bits)) return work;
  }
}
