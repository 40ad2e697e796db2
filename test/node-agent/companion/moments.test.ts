// When readers are told what: the node's side.
import { describe, expect, test } from 'vitest';
import {
  describeMoments,
  isIdleNear,
  isNews,
  type Moments,
  momentsOf,
  warningOf,
} from '../../../node-agent/companion/moments.ts';
import { SteadyClock } from '../../../node-agent/sandboxes/steady-clock.ts';
import { createSandbox } from '../../../node-agent/sandboxes/table.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.each([
  [HOUR, 5 * MINUTE],
  [12 * HOUR, 5 * MINUTE],
  [30 * MINUTE, 2.5 * MINUTE],
  [10 * MINUTE, 2 * MINUTE],
  [4 * MINUTE, 2 * MINUTE],
  [MINUTE, MINUTE / 2],
])('of a limit of %i ms without use, the reader is warned %i ms ahead', (limit, ahead) => {
  expect(warningOf(limit)).toBe(ahead);
});

describe('a sandbox', () => {
  const clock = { wall: 5_000_000, now: () => clock.wall, monotonic: () => 1_000 };
  const time = new SteadyClock(clock);
  const config = { idleMs: HOUR, maxAgeMs: 4 * HOUR };
  const sandboxAt = (state: 'claimed' | 'active', claimedAt: number, lastUse?: number) => {
    const sandbox = createSandbox({ image: '', recipe: '', createdAt: 0 });
    return Object.assign(sandbox, { state, claimedAt, lastUse });
  };
  const moments = (sandbox: ReturnType<typeof sandboxAt>, drainDeadline: number | null = null) =>
    momentsOf(sandbox, { config, drainDeadline, clock, time });

  test('ends by age or for lack of use, by the monotonic clock', () => {
    expect(moments(sandboxAt('active', 5_000_000 - HOUR, 5_000_000 - MINUTE))).toEqual({
      deadline: { at: 1_000 + 3 * HOUR, why: 'age' },
      idleAt: 1_000 + HOUR - MINUTE,
    });
  });

  test('that was not used yet has no idle end', () => {
    expect(moments(sandboxAt('claimed', 5_000_000)).idleAt).toBeUndefined();
  });

  test('ends by a drain at the time of the wall, whatever happens to the wall clock', () => {
    expect(moments(sandboxAt('active', 5_000_000, 5_000_000), 5_000_000 + HOUR).deadline).toEqual({
      at: 1_000 + HOUR,
      why: 'drain',
    });
    clock.wall += 2 * HOUR;
    const { deadline, idleAt } = moments(sandboxAt('active', 5_000_000, 5_000_000), 5_000_000 + 3 * HOUR);
    expect([deadline?.at, idleAt]).toEqual([1_000 + HOUR, 1_000 + HOUR]);
    clock.wall -= 2 * HOUR;
  });

  test('is described in ms from now, never below 0', () => {
    const state = describeMoments({ deadline: { at: 500, why: 'age' }, idleAt: 1_000 + HOUR }, HOUR, 1_000);
    expect(state).toEqual({
      deadline: { left_ms: 0, why: 'age' },
      idle: { left_ms: HOUR, limit_ms: HOUR, warn_ms: 5 * MINUTE },
    });
    expect(describeMoments({ deadline: undefined, idleAt: undefined }, 0, 1_000)).toEqual({
      deadline: null,
      idle: null,
    });
  });
});

describe('a tab hears', () => {
  const told: Moments = { deadline: { at: 4 * HOUR, why: 'age' }, idleAt: HOUR };
  test.each([
    ['nothing when nothing has changed', told, 0, false],
    [
      'nothing of a use while no warning is near',
      { ...told, idleAt: HOUR + 30 * MINUTE },
      30 * MINUTE,
      false,
    ],
    ['of a use just before it would warn', { ...told, idleAt: HOUR + 30 * MINUTE }, 55 * MINUTE, true],
    ['of a drain, at once', { ...told, deadline: { at: 2 * HOUR, why: 'drain' } }, 0, true],
    ['of an earlier deadline of a drain', { ...told, deadline: { at: 3 * HOUR, why: 'age' } }, 0, true],
    ['that it has no deadline any more', { ...told, deadline: undefined }, 0, true],
    ['that it can become idle now', { ...told, idleAt: undefined }, 0, true],
  ] as const)('%s', (_, present, now, expected) => {
    expect(isNews(told, present, HOUR, now)).toBe(expected);
  });

  test('of kernels at work, because they are asked a little earlier', () => {
    expect(isIdleNear(told, HOUR, 54 * MINUTE)).toBe(false);
    expect(isIdleNear(told, HOUR, 55 * MINUTE - 4_000)).toBe(true);
  });
});
