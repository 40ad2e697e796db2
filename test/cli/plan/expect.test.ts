// What the simulator says of fleets whose fate can be reckoned without it.
import { expect, test } from 'vitest';
import { distributionOf } from '../../../cli/load/schedule/distribution.ts';
import { makeSchedule } from '../../../cli/load/schedule/schedule.ts';
import { type Circumstances, expectOf, type FleetConfig } from '../../../cli/plan/expect.ts';
import { findFleet } from '../../../cli/plan/find.ts';
import type { Targets } from '../../../cli/plan/targets.ts';
import { seededRandom } from '../../../shared/clock.ts';

const FOR_MS = 600_000;
const TARGETS: Targets = { refused: 0.001, waits: [{ text: 'p99<2s', part: 0.99, lessThanMs: 2_000 }] };
const ALL = Number.POSITIVE_INFINITY;

const given = (more: Partial<Circumstances> & { readonly readers?: number } = {}): Circumstances => {
  const { readers: usual = 600, ...rest } = more;
  return {
    schedule: (seed, readers = usual) =>
      makeSchedule(
        { shape: 'constant', rate: 0, closed: 0, spacing: 'even', speed: 1, readers, forMs: FOR_MS },
        seededRandom(seed),
      ),
    ...{ seed: 1, startsAt: 1_800_000_000_000, stay: distributionOf('60s'), idleMs: 1, maxAgeMs: 0 },
    ...{ patienceMs: 30_000, claimWaitMs: 10_000, latencyMs: 100, pollMs: 2_000, cores: 64 },
    cullMs: 5_000,
    image: { memoryBytes: 1, startMs: 1_000, startCpuMs: 100, removeMs: 500, readerCores: 0 },
    ...rest,
  };
};
const fleet = (more: Partial<FleetConfig> = {}): FleetConfig => ({
  ...{ hosts: 4, capacity: 20, warm: ALL, starts: 8, book: [], ...more },
});
const simulate = (of: FleetConfig, circumstances: Circumstances) => {
  const outcome = expectOf(of, circumstances, {
    ...{ runs: 1, targets: TARGETS, endsEarly: false, isLate: () => false },
  });
  if (typeof outcome === 'string') throw new Error(outcome);
  return outcome;
};

test('with room for all, each reader waits for the network alone', () => {
  const { expected, isKept } = simulate(fleet(), given());
  expect(isKept).toBe(true);
  expect(expected).toMatchObject({ readers: 600, refused: 0, in_line: 0 });
  // Little's law: one a second, for 60 s and up to 5 s until they are culled.
  expect(expected.held_max).toBeGreaterThan(60);
  expect(expected.held_max).toBeLessThan(68);
  expect(expected.wait_ms.p50).toBeGreaterThan(200);
  expect(expected.wait_ms.p99).toBeLessThan(500);
});

test('with fewer slots than readers, those whom the slots cannot serve give up', () => {
  // 40 slots serve 40 readers in about 64 s: 62.5 s, half a second of removal, and a second of start.
  const { expected, isKept } = simulate(fleet({ hosts: 2 }), given());
  expect(isKept).toBe(false);
  const served = (40 * (FOR_MS + 30_000)) / 64_000;
  expect(Math.abs(600 - expected.refused - served)).toBeLessThan(25);
  // Who is served stood in line nearly as long as they would, once it is full.
  expect(expected.wait_ms.p90).toBeGreaterThan(25_000);
  expect(expected.wait_ms.max).toBeLessThan(30_000 + 10_000 + 1_000);
  expect(expected.held_max).toBe(40);
});

test('with none warm, readers wait for a start, and longer where starts share few cores', () => {
  const cold = simulate(fleet({ warm: 0 }), given()).expected;
  expect(cold.cold).toBeGreaterThan(500);
  expect(cold.wait_ms.p50).toBeGreaterThan(1_100);
  expect(cold.wait_ms.p50).toBeLessThan(1_400);
  const image = { memoryBytes: 1, startMs: 1_000, startCpuMs: 2_000, removeMs: 500, readerCores: 0 };
  const slow = simulate(fleet({ warm: 0, starts: 2 }), given({ image, cores: 1 })).expected;
  expect(slow.wait_ms.p50).toBeGreaterThan(1.8 * cold.wait_ms.p50);
});

test('the same seed gives the same figures', () => {
  expect(simulate(fleet({ warm: 2 }), given())).toEqual(simulate(fleet({ warm: 2 }), given()));
});

test('bookings are in force when they are needed', () => {
  const startsAt = new Date(2026, 10, 3, 14, 0).getTime();
  const crowd = given({ startsAt, readers: 60, stay: distributionOf('1h'), idleMs: 3_600_000 });
  const at = (hour: number) => [{ count: 15, at: `0 ${hour} * * *`, lasts: 3_600_000 }];
  expect(simulate(fleet({ warm: 0, book: at(14) }), crowd).expected.cold).toBe(0);
  expect(simulate(fleet({ warm: 0, book: at(20) }), crowd).expected.cold).toBe(60);
});

test('when a booking ends, its surplus is ended, and readers are served on', () => {
  const startsAt = new Date(2026, 10, 3, 14, 0).getTime();
  const crowd = given({ startsAt, stay: distributionOf('1s') });
  const book = [{ count: 20, at: '0 14 * * *', lasts: 120_000 }];
  const { expected } = simulate(fleet({ warm: 2, book }), crowd);
  expect(expected).toMatchObject({ refused: 0, in_line: 0 });
});

test('the fewest hosts and warm sandboxes that keep what is asked for', () => {
  const find = (targets: Targets) =>
    findFleet({
      ...{ given: given(), targets, capacity: 10, starts: 8, hosts: undefined, warm: undefined },
      ...{ hasDate: false, isLate: () => false, onTrial: () => undefined },
    });
  const strict = find(TARGETS);
  expect(strict).toMatchObject({ isKept: true, isExact: true });
  // About 63 sandboxes are held at a time; removals and starts take a slot for a moment, too.
  expect(strict?.fleet.hosts).toBe(7);
  expect(strict?.fleet.warm).toBeLessThan(10);
  const loose = find({ refused: 0.3, waits: [] });
  expect(loose?.fleet.hosts).toBeLessThan(7);
  expect(
    simulate({ ...fleet(), ...loose?.fleet, hosts: (loose?.fleet.hosts ?? 0) - 1 }, given()).expected
      .refused_share,
  ).toBeGreaterThan(0.3);
});
