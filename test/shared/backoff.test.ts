// Waits after failures: longer each time, up to a limit, and none after a success.
import { describe, expect, test } from 'vitest';
import { Backoff, backoffMs } from '../../shared/backoff.ts';

function setUp() {
  let now = 0;
  const clock = { now: () => now, monotonic: () => now };
  // A random value of 0.5 is the middle of the jitter, so that waits are exact.
  const backoff = new Backoff(clock, () => 0.5);
  return { backoff, pass: (ms: number) => (now += ms) };
}

describe('back-off', () => {
  test('doubles with each failure in a row, up to half a minute', () => {
    const { backoff } = setUp();
    const spans = Array.from({ length: 9 }, () => backoff.failed());
    expect(spans).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('has the given start and limit, however many failures there were', () => {
    const spans = { firstMs: 50, longestMs: 1_000 };
    const waits = [1, 2, 5, 6, 7, 5_000].map((failures) => backoffMs(failures, spans));
    expect(waits).toEqual([50, 100, 800, 1_000, 1_000, 1_000]);
  });

  test('is active until its span has passed', () => {
    const { backoff, pass } = setUp();
    expect(backoff.active).toBe(false);
    backoff.failed();
    pass(499);
    expect(backoff.active).toBe(true);
    pass(1);
    expect(backoff.active).toBe(false);
  });

  test('starts again after a success', () => {
    const { backoff } = setUp();
    backoff.failed();
    backoff.failed();
    backoff.succeeded();
    expect(backoff.active).toBe(false);
    expect(backoff.failed()).toBe(500);
  });

  test('resolves when the wait is over', async () => {
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    let over = () => undefined as unknown;
    const ended = new Promise((resolve) => {
      over = () => resolve(true);
    });
    const backoff = new Backoff(
      clock,
      () => 0,
      () => void over(),
    );
    backoff.failed();
    expect(await ended).toBe(true);
    expect(backoff.active).toBe(false);
  });
});
