// Leases, idleness and age.
import { describe, expect, test } from 'vitest';
import { findExpired } from '../../../node-agent/sandboxes/expire.ts';
import type { SandboxState } from '../../../shared/protocol/sandbox-state.ts';

const limits = { leaseMs: 100, idleMs: 1000, maxAgeMs: 5000 };

function at(now: number, state: SandboxState, claimedAt: number | undefined, lastUse?: number) {
  return findExpired([{ id: 'x', state, claimedAt, lastUse }], limits, now)[0]?.reason;
}

describe('findExpired', () => {
  test('ends a claim that was not used within its lease', () => {
    expect(at(99, 'claimed', 0)).toBeUndefined();
    expect(at(100, 'claimed', 0)).toBe('unclaimed');
  });

  test('ends one without use for the idle time, counted from the last use', () => {
    expect(at(1999, 'active', 0, 1000)).toBeUndefined();
    expect(at(2000, 'active', 0, 1000)).toBe('idle');
  });

  test('ends one past its age, however much it is used', () => {
    expect(at(4999, 'active', 0, 4999)).toBeUndefined();
    expect(at(5000, 'active', 0, 5000)).toBe('expired');
  });

  test.each(['starting', 'warm', 'removing'] as const)('leaves a %s one alone', (state) => {
    expect(at(1_000_000, state, undefined)).toBeUndefined();
  });

  test('a limit of 0 is no limit', () => {
    const sandbox = { id: 'x', state: 'active' as const, claimedAt: 0, lastUse: 0 };
    expect(findExpired([sandbox], { leaseMs: 100, idleMs: 0, maxAgeMs: 0 }, 1e12)).toEqual([]);
  });
});
