// What fronts say of their lines: genuine and newer ones are kept, everything else is not.
import { describe, expect, test } from 'vitest';
import {
  type LineClaim,
  LineClaims,
  MAX_CLAIM_AGE_MS,
  parseClaim,
  signClaim,
} from '../../../shared/protocol/line-claim.ts';
import { MAX_CLAIM_LENGTH, MAX_CLAIMS } from '../../../shared/protocol/wire.ts';
import { orderKey, publicOrderKeys } from '../../support/fleet-keys.ts';

const NOW = 1_800_000_000_000;
const KEY = orderKey('a-secret-of-the-fleet');
const KEYS = publicOrderKeys('a-secret-of-the-fleet');
const claim = (changes: Partial<LineClaim> = {}): LineClaim => ({
  ...{ front: 'front1~boot1', at: NOW, waiting: 3, arrivals: [NOW - 9_000, NOW - 5_000, NOW - 1_000] },
  ...changes,
});
const text = (changes: Partial<LineClaim> = {}): string => signClaim(claim(changes), KEY);

describe('a claim', () => {
  test('reads as it was signed, and fits into a report', () => {
    const full = claim({
      front: `${'f'.repeat(64)}~${'b'.repeat(64)}`,
      waiting: 20_000,
      arrivals: Array.from({ length: 12 }, (_, index) => NOW + index),
    });
    expect(parseClaim(signClaim(full, KEY))).toEqual(full);
    expect(signClaim(full, KEY).length).toBeLessThanOrEqual(MAX_CLAIM_LENGTH);
    const empty = claim({ waiting: 0, arrivals: [] });
    expect(parseClaim(signClaim(empty, KEY))).toEqual(empty);
  });

  test('replaces an older one of its front, and no newer one', () => {
    const claims = new LineClaims(KEYS, 10_000);
    expect(claims.take(text(), NOW)).toBe(true);
    expect(claims.take(text(), NOW)).toBe(false);
    expect(claims.take(text({ at: NOW - 1, waiting: 9 }), NOW)).toBe(false);
    expect(claims.take(text({ at: NOW + 1, waiting: 4 }), NOW)).toBe(true);
    expect(claims.at(NOW)).toEqual([claim({ at: NOW + 1, waiting: 4 })]);
  });

  test('counts no longer than its life after it came', () => {
    const claims = new LineClaims(KEYS, 10_000);
    claims.take(text(), NOW);
    expect(claims.texts(NOW + 10_000)).toEqual([text()]);
    expect(claims.texts(NOW + 10_001)).toEqual([]);
  });

  test('is ignored if it is forged, changed, old, or no claim at all', () => {
    const claims = new LineClaims(KEYS, 10_000);
    for (const wrong of [
      signClaim(claim(), orderKey('another-secret-of-another')),
      text().replace('front1', 'front2'),
      text({ at: NOW - MAX_CLAIM_AGE_MS - 1 }),
      text({ at: NOW + MAX_CLAIM_AGE_MS + 1 }),
      `1~${'x~'.repeat(100_000)}`,
      '',
    ])
      expect(claims.take(wrong, NOW)).toBe(false);
    expect(new LineClaims([], 10_000).take(text(), NOW)).toBe(false);
  });

  test('of one front more than the most pushes out the one that changed first', () => {
    const claims = new LineClaims(KEYS, 10_000);
    for (let front = 0; front <= MAX_CLAIMS; front += 1) claims.take(text({ front: `f${front}~b` }), NOW);
    expect(claims.at(NOW)).toHaveLength(MAX_CLAIMS);
    expect(claims.at(NOW)[0]?.front).toBe('f1~b');
  });
});
