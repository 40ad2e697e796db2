// What `tmpfleet load` measures: percentiles, errors, slices, and whether the generator itself was the limit.
import { expect, test } from 'vitest';
import { judge } from '../../../cli/load/measure/generator.ts';
import { Times, timesJson } from '../../../cli/load/measure/histogram.ts';
import { Recorder } from '../../../cli/load/measure/recorder.ts';
import { seededRandom } from '../../../shared/clock.ts';

test('percentiles are within 0.1 %, also after being written and read', () => {
  const random = seededRandom(5);
  const values = Array.from({ length: 50_000 }, () => 0.05 * Math.exp(12 * random()));
  const times = new Times();
  for (const value of values) times.record(value);
  values.sort((one, other) => one - other);
  for (const each of [times, Times.decode(times.encode())]) {
    for (const percent of [1, 50, 90, 99, 99.9, 100]) {
      const exact = values[Math.min(values.length - 1, Math.ceil((percent / 100) * values.length) - 1)] ?? 0;
      // And half of a µs, to which each time is rounded.
      expect(Math.abs(each.at(percent) - exact)).toBeLessThan(0.001 * exact + 0.001);
    }
    expect(each.count).toBe(50_000);
  }
});

test('two histograms add up, whatever their precision', () => {
  const [one, other] = [new Times(), new Times('coarse')];
  for (let ms = 1; ms <= 100; ms += 1) (ms % 2 === 0 ? one : other).record(ms);
  one.add(Times.decode(other.encode()));
  expect(timesJson(one)).toMatchObject({ count: 100 });
  expect(Math.abs(one.at(50) - 50)).toBeLessThan(0.5);
  expect(Math.abs(one.max - 100)).toBeLessThan(1);
});

test('an empty histogram, and times beyond its range', () => {
  expect(timesJson(new Times())).toMatchObject({ count: 0, p99_ms: 0, max_ms: 0 });
  const times = new Times();
  times.record(-5);
  times.record(1e9);
  expect(times.at(1)).toBe(0);
  expect(Math.abs(times.max - 3_600_000)).toBeLessThan(3_600);
});

test('counts by slice, also slices in which nothing happened', () => {
  const clock = { time: 0, monotonic: () => clock.time };
  const recorder = new Recorder(clock, 1_000);
  recorder.arrive();
  recorder.time('redirect', 5, 'node1');
  clock.time = 2_500;
  recorder.end('served');
  recorder.leave();
  const [first, second, third, ...more] = recorder.slices();
  expect(first).toMatchObject({ second: 0, arrived: 1, open: 1, steps: { redirect: { count: 1 } } });
  expect(second).toMatchObject({ second: 1, arrived: 0, open: 1, steps: {} });
  expect(third).toMatchObject({ second: 2, served: 1 });
  expect(more).toEqual([]);
  expect(recorder.nodes.get('node1')?.get('redirect')?.count).toBe(1);
});

test('errors by kind, with one example each, and a bound', () => {
  let now = 0;
  const recorder = new Recorder({ monotonic: () => now }, 1_000);
  const problem = { outcome: 'failed', kind: 'http-500', step: 'claim', node: 'n1' } as const;
  now = 1_500;
  recorder.error({ ...problem, example: 'first' });
  now = 4_000;
  recorder.error({ ...problem, example: 'second' });
  for (let n = 0; n < 500; n += 1) recorder.error({ ...problem, kind: `k${n}`, example: 'x'.repeat(10_000) });
  const errors = [...recorder.errors.values()];
  const when = { first_second: 1.5, last_second: 4 };
  expect(errors[0]).toEqual({ ...problem, count: 2, ...when, example: 'first' });
  expect(errors).toHaveLength(201);
  expect(errors.at(-1)).toMatchObject({ kind: 'other', count: 301 });
  expect(errors.at(-1)?.example).toHaveLength(400);
});

test('reads what front and node say of their own time', () => {
  const recorder = new Recorder({ monotonic: () => 0 }, 1_000);
  recorder.serverTiming('front;dur=1.5, node;desc="claim";dur=20, cache');
  recorder.serverTiming(undefined);
  expect(recorder.server.get('front')?.max).toBeCloseTo(1.5, 2);
  expect(recorder.server.get('node')?.max).toBeCloseTo(20, 1);
  expect([...recorder.server.keys()]).toEqual(['front', 'node']);
});

test('says why the generator was the limit', () => {
  const well = {
    late_ms: 4,
    late_readers: 0,
    started: 500,
    loop_delay_ms: 20,
    cpu: 0.5,
    memory_mib: 200,
    skipped: 0,
  };
  expect(judge(well).limits).toEqual([]);
  expect(judge({ ...well, late_readers: 5 }).limits).toEqual([]);
  expect(judge({ ...well, started: 60, late_readers: 2 }).limits).toEqual([]);
  expect(judge({ ...well, late_readers: 6 }).limits).toEqual([
    '6 of 500 readers started more than 100 ms late',
  ]);
  expect(judge({ ...well, loop_delay_ms: 101, cpu: 0.99, skipped: 3 }).limits).toHaveLength(3);
});
