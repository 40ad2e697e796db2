// The nodes of a fleet look for a newer image at different times, so that they do not ask a registry all at once.
import { expect, test } from 'vitest';
import { shareOf } from '../../../node-agent/lifecycle/jobs.ts';

const HALF_HOUR_MS = 1_800_000;

test('a node waits the same part of the spread each time', () => {
  expect(shareOf(HALF_HOUR_MS, 'node7')).toBe(shareOf(HALF_HOUR_MS, 'node7'));
  expect(shareOf(0, 'node7')).toBe(0);
});

test('a hundred nodes spread over the whole time, with few of them in any one minute', () => {
  const minutes = Array.from({ length: 100 }, (_, n) =>
    Math.floor(shareOf(HALF_HOUR_MS, `node${n}`) / 60_000),
  );
  const perMinute = Array.from({ length: 30 }, (_, minute) => minutes.filter((m) => m === minute).length);
  expect(perMinute.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(10);
  expect(perMinute.filter((count) => count > 0).length).toBeGreaterThan(20);
});
