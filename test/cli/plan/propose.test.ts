// What a plan proposes without simulations: slots, starts, bookings; and the targets and rows that are asked for.
import { expect, test } from 'vitest';
import type { Image } from '../../../cli/plan/expect.ts';
import { planOptions } from '../../../cli/plan/options.ts';
import { proposeBookings, slotsOf, startsOf } from '../../../cli/plan/propose.ts';
import { ask, type PlanConfig } from '../../../cli/plan/question.ts';
import { parseStartTime } from '../../../cli/plan/start-time.ts';
import { Judge, parseWait, percentile, shareKind, waitsKind } from '../../../cli/plan/targets.ts';
import { parseWhatIf, whatIfKind } from '../../../cli/plan/what-if.ts';
import { bookingKind } from '../../../node-agent/sizing/bookings.ts';

const GIB = 1024 ** 3;
const IMAGE: Image = {
  ...{ memoryBytes: GIB / 2, startMs: 3_000, startCpuMs: 2_000, removeMs: 1_000, readerCores: 0 },
};
const HOUR = 3_600_000;

test('slots follow from memory, less what is kept free, or from cores, whichever are fewer', () => {
  const host = { memoryBytes: 16 * GIB, cores: 4, freeBytes: GIB / 2 };
  expect(slotsOf(host, IMAGE)).toBe(30);
  expect(slotsOf(host, { ...IMAGE, readerCores: 0.5 })).toBe(8);
  expect(slotsOf({ ...host, memoryBytes: GIB }, IMAGE)).toBe(0);
  expect(slotsOf({ ...host, memoryBytes: 100_000 * GIB }, IMAGE)).toBe(10_000);
});

test('as many starts at a time as keep all cores busy, and one more', () => {
  expect(startsOf(8, IMAGE)).toBe(13);
  expect(startsOf(1, { ...IMAGE, startCpuMs: 6_000 })).toBe(2);
  expect(startsOf(64, { ...IMAGE, startCpuMs: 1 })).toBe(256);
});

/** `rate` readers in each hour. */
const arrivals = (...rates: readonly number[]) => ({
  forMs: rates.length * HOUR,
  arrivals: Float64Array.from(
    rates.flatMap((rate, hour) =>
      Array.from({ length: rate }, (_, index) => (hour + (index + 0.5) / rate) * HOUR),
    ),
  ),
});

test('a crowd is booked from a little before it until its end, as --book takes it', () => {
  const startsAt = parseStartTime('2026-11-03T14:00', 0)?.at ?? 0;
  const crowd = { ...arrivals(60, 600, 600, 60, 60, 60), startsAt, warm: 20 };
  const daily = proposeBookings({ ...crowd, hasDate: false });
  expect(daily?.warm).toBe(5);
  expect(bookingKind.format(daily?.book ?? [])).toBe('20 at 55 14 * * * for 125m');
  const once = proposeBookings({ ...crowd, hasDate: true });
  expect(bookingKind.format(once?.book ?? [])).toBe('20 at 55 14 3 11 * for 125m');
});

test('nothing is booked where few are needed, or nearly all the time', () => {
  const startsAt = 0;
  expect(proposeBookings({ ...arrivals(60, 600, 60), startsAt, hasDate: false, warm: 3 })).toBeUndefined();
  expect(proposeBookings({ ...arrivals(600, 600, 60), startsAt, hasDate: false, warm: 20 })).toBeDefined();
  expect(proposeBookings({ ...arrivals(600, 600), startsAt, hasDate: false, warm: 20 })).toBeUndefined();
});

test.each([
  ['14:00', true],
  ['2026-11-03T14:00', true],
  ['2026-11-03 14:00', true],
  ['2026-11-31T14:00', false],
  ['25:00', false],
  ['now', false],
])('--at %s', (text, isValid) => {
  expect(parseStartTime(text, 0) !== undefined).toBe(isValid);
});

test('targets: percentiles with a time, and shares', () => {
  expect(parseWait('p99<2s')).toEqual({ text: 'p99<2s', part: 0.99, lessThanMs: 2_000 });
  for (const text of ['p99', 'p100<2s', 'p99<2', '99<2s', 'p99<0']) expect(parseWait(text)).toBeUndefined();
  expect(waitsKind.schema.parse('p50<300ms,p99.9<5s')).toHaveLength(2);
  expect(shareKind.schema.parse('0.1%')).toBeCloseTo(0.001);
  for (const text of ['0.1', '101%', '-1%']) expect(shareKind.schema.safeParse(text).success).toBe(false);
});

test('a simulation is given up as soon as the rest of the readers cannot mend it', () => {
  const judge = new Judge({ refused: 0.1, waits: [{ text: '', part: 0.9, lessThanMs: 1_000 }] }, 100, 100);
  const late = Array.from({ length: 10 }, () => 950);
  expect(judge.isMissed({ turnedAway: 10, waits: late })).toBe(false);
  expect(judge.isMissed({ turnedAway: 11, waits: late })).toBe(true);
  expect(judge.isMissed({ turnedAway: 0, waits: [...late, 900, 900] })).toBe(true);
});

test('percentiles are values that were counted', () => {
  const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0.5, 0.99, 1, 0].map((part) => percentile(sorted, part))).toEqual([50, 99, 100, 1]);
  expect(percentile(new Float64Array(0), 0.5)).toBe(0);
});

test('--what-if: some values, each once', () => {
  expect(parseWhatIf('warm=20, hosts=6')).toEqual({ text: 'warm=20, hosts=6', warm: 20, hosts: 6 });
  expect(parseWhatIf('warm=all')?.warm).toBe(Number.POSITIVE_INFINITY);
  for (const text of ['', 'warm', 'warm=x', 'hosts=0', 'hosts=all', 'hosts=1,hosts=2', 'colour=1'])
    expect(parseWhatIf(text)).toBeUndefined();
  expect(whatIfKind.schema.parse('hosts=6; hosts=8,warm=0')).toHaveLength(2);
});

test('a start that was measured to take next to no processor time is taken at that', () => {
  const defaults = Object.fromEntries(
    Object.entries(planOptions).map(([name, spec]) => [name, spec.default]),
  );
  const config = { ...defaults, readers: 10 } as unknown as PlanConfig;
  const measured = { memoryBytes: 1, startMs: 60, startCpuMs: 0, removeMs: 20 };
  expect(ask(config, measured, { now: () => 0 }).given.image).toMatchObject({ startMs: 60, startCpuMs: 0 });
  expect(ask(config, undefined, { now: () => 0 }).given.image.startCpuMs).toBe(2_000);
});
