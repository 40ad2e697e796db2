// The schedule of `tmpfleet load`: how many readers, and when each is due.
import { expect, test } from 'vitest';
import { parseDistribution } from '../../../cli/load/schedule/distribution.ts';
import { countIn, drawSchedule } from '../../../cli/load/schedule/dry-run.ts';
import { makeSchedule, type ScheduleOptions } from '../../../cli/load/schedule/schedule.ts';
import { SHAPES, type ShapeName } from '../../../cli/load/schedule/shapes.ts';
import { parseTrace } from '../../../cli/load/schedule/trace.ts';
import { seededRandom } from '../../../shared/clock.ts';

const NOTHING: ScheduleOptions = {
  ...{ shape: 'constant', rate: 0, readers: 0, forMs: 0, closed: 0, spacing: 'poisson', speed: 1 },
};
const make = (options: Partial<ScheduleOptions>) => makeSchedule({ ...NOTHING, ...options }, seededRandom(7));

test('two of rate, readers and time decide the third', () => {
  expect(make({ rate: 10, forMs: 60_000 }).arrivals).toHaveLength(600);
  expect(make({ rate: 10, readers: 600 }).forMs).toBe(60_000);
  expect(make({ readers: 600, forMs: 60_000 }).peakRate).toBeCloseTo(10);
  expect(make({}).arrivals).toHaveLength(30);
  expect(() => make({ rate: 1, readers: 1, forMs: 1 })).toThrow(/two of them decide the third/);
});

test.each(Object.keys(SHAPES) as ShapeName[])(
  '%s: never above the rate, all in time and in order',
  (shape) => {
    const curve = SHAPES[shape];
    const values = Array.from({ length: 1_001 }, (_, step) => curve(step / 1_000));
    expect(Math.max(...values)).toBeCloseTo(1, 2);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    const { arrivals, forMs, peakRate } = make({ shape, readers: 20_000, forMs: 600_000 });
    expect(arrivals).toHaveLength(20_000);
    expect(arrivals).toEqual(arrivals.toSorted());
    expect(arrivals[0]).toBeGreaterThanOrEqual(0);
    expect(arrivals.at(-1)).toBeLessThanOrEqual(forMs);
    // In each hundredth as many as the curve says, within five standard deviations.
    countIn(arrivals, forMs, 100).forEach((count, part) => {
      const steps = Array.from({ length: 50 }, (_, step) => curve((part + (step + 0.5) / 50) / 100));
      const expected = (peakRate * forMs * (steps.reduce((sum, value) => sum + value) / 50)) / 100 / 1_000;
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected) + 5);
    });
  },
);

test('the same seed gives the same arrivals, another one gives others', () => {
  expect(make({ rate: 5 })).toEqual(make({ rate: 5 }));
  expect(makeSchedule({ ...NOTHING, rate: 5 }, seededRandom(8))).not.toEqual(make({ rate: 5 }));
});

test('even: as regular as a clock', () => {
  expect([...make({ rate: 4, forMs: 1_000, spacing: 'even' }).arrivals]).toEqual([125, 375, 625, 875]);
});

test('a closed model has no arrivals, and takes no rate', () => {
  expect(make({ closed: 20 })).toMatchObject({ model: 'closed', closed: 20, forMs: 30_000 });
  expect(() => make({ closed: 20, rate: 5 })).toThrow(/--closed/);
});

test('a trace is replayed to the second, at any speed; only the front counts where nodes wrote too', () => {
  const text = [
    '{"at":"2026-01-31T18:00:09Z","program":"front","path":"notebooks"}',
    '{"at":"2026-01-31T18:00:00Z","program":"front"}',
    '{"at":"2026-01-31T18:00:00Z","program":"node"}',
    '{"at":"2026-01-31T18:00:00Z","program":"front"}',
    '',
  ].join('\n');
  const { arrivals, forMs } = parseTrace(text, { path: 'x', speed: 10 }, seededRandom(1));
  expect(forMs).toBe(1_000);
  expect([...arrivals].map((at) => Math.floor(at / 100))).toEqual([0, 0, 9]);
});

test.each([
  ['nonsense', /x, line 1 is no JSON: nonsense/],
  ['{"at":"yesterday"}', /x, line 1 has no time of arrival/],
  ['', /x has no arrivals/],
])('a trace that is none is refused: %s', (text, message) => {
  expect(() => parseTrace(text, { path: 'x', speed: 1 }, seededRandom(1))).toThrow(message);
});

test.each([
  ['30s', 30_000, 0],
  ['exp:10s', 10_000, 0.05],
  ['uniform:1s-3s', 2_000, 0.05],
  // exp(σ²/2) times the median
  ['lognormal:10s', 10_000 * Math.exp(0.405), 0.05],
])('%s has the mean that its name says', (text, mean, share) => {
  const random = seededRandom(3);
  const draws = Array.from({ length: 20_000 }, () => parseDistribution(text)?.draw(random) ?? 0);
  const average = draws.reduce((sum, value) => sum + value) / draws.length;
  expect(Math.abs(average - mean)).toBeLessThanOrEqual(share * mean);
});

test.each(['', '5', 'exp:', 'uniform:3s-1s', 'uniform:3s', 'exp:1s-2s', 'normal:3s'])(
  '%j is no distribution',
  (text) => expect(parseDistribution(text)).toBeUndefined(),
);

test('a dry run shows the schedule', () => {
  const text = drawSchedule(make({ rate: 10, forMs: 60_000, shape: 'ramp' }));
  expect(text).toMatch(/^300 readers within 1 min, 10\.0 a second where the shape is highest\n/);
  expect(text.split('\n')).toHaveLength(26);
});
