// The last hour, as the control listener keeps it: what goes into it, its size, and which reports it comes from.
import { afterEach, describe, expect, test } from 'vitest';
import { type FleetTally, History } from '../../../redirector/fleet-page/history.ts';
import { type Bucket, historySchema } from '../../../shared/api/history.ts';
import { until } from '../../support/until.ts';
import { Bench, bounce } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const LOAD = { held: 3, capacity: 8 };
const sums = (changes: Partial<FleetTally> = {}): FleetTally => ({
  ...{ arrivals: 0, bounces: 0, refused: 0, waiting: 0 },
  ...changes,
});

/** @param seconds since 1970 */
const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

describe('the history', () => {
  test('adds an event to the bucket of its ten seconds', () => {
    const history = new History();
    history.note(1_000_000, sums({ arrivals: 2 }), LOAD);
    history.note(1_009_999, sums({ arrivals: 5, refused: 1, waiting: 7 }), LOAD);
    history.note(1_010_000, sums({ arrivals: 6, refused: 1, bounces: 2 }), { held: 4, capacity: 8 });
    expect(history.answer().buckets).toEqual([
      { begins_at: at(1_000), arrivals: 5, bounces: 0, refused: 1, waiting: 7, held: 3, capacity: 8 },
      { begins_at: at(1_010), arrivals: 1, bounces: 2, refused: 0, waiting: 0, held: 4, capacity: 8 },
    ]);
    expect(history.newest).toEqual(history.answer().buckets.at(-1));
  });

  test('keeps one hour, however long the process runs', () => {
    const history = new History();
    for (let second = 0; second < 3 * 3_600; second += 1)
      history.note(second * 1000, sums({ arrivals: second }), LOAD);
    const { buckets, span_seconds, bucket_seconds } = history.answer();
    expect(buckets).toHaveLength(span_seconds / bucket_seconds);
    expect(buckets.map(({ begins_at }) => begins_at)).toEqual(
      buckets.map((_, index) => at(2 * 3_600 + index * 10)),
    );
    expect(buckets.every(({ arrivals }) => arrivals === 10)).toBe(true);
  });

  test('forgets what is older than an hour after the machine slept', () => {
    const history = new History();
    history.note(0, sums(), LOAD);
    history.note(10_000, sums(), LOAD);
    history.note(3_605_000, sums({ arrivals: 1 }), LOAD);
    expect(history.answer().buckets.map(({ begins_at }) => begins_at)).toEqual([at(10), at(3_600)]);
  });

  test('stays in order after the clock was set back', () => {
    const history = new History();
    history.note(100_000, sums({ arrivals: 1 }), LOAD);
    history.note(50_000, sums({ arrivals: 3 }), LOAD);
    expect(history.answer().buckets).toMatchObject([{ begins_at: at(100), arrivals: 3 }]);
  });

  test('counts nothing when totals fall, and goes on from there', () => {
    const history = new History();
    history.note(0, sums({ arrivals: 10 }), LOAD);
    history.note(1_000, sums({ arrivals: 6 }), LOAD);
    history.note(2_000, sums({ arrivals: 8 }), LOAD);
    expect(history.newest).toMatchObject({ arrivals: 12 });
  });
});

/** The sum over all buckets. */
async function total(control: string, field: Exclude<keyof Bucket, 'begins_at'>): Promise<number> {
  const answer = historySchema.parse(await (await fetch(`${control}/api/history`)).json());
  return answer.buckets.reduce((sum, bucket) => sum + bucket[field], 0);
}

describe('GET /api/history', () => {
  test('shows arrivals, refusals and bounces, and counts a bounced reader once', async () => {
    const front = await bench.front({ holdFor: '0ms' });
    const [one, other] = [await bench.node({ warm: 2 }), await bench.node({ warm: 2 })];
    await front.add(one, other);
    expect((await front.get('/')).status).toBe(302);
    const back = await front.get(
      `/?ticket=${bounce({ node: one.settings.node, tried: [one.settings.node] })}`,
    );
    expect(back.headers.get('location')).toContain(other.url);
    for (const node of [one, other]) node.state = 'cordoned';
    await until('the front knows', () =>
      [...front.fleet.views()].every(({ stats }) => stats?.fleet?.state === 'cordoned'),
    );
    expect((await front.get('/')).status).toBe(503);
    await until('the history shows it', async () => (await total(front.controlUrl, 'refused')) === 1);
    expect(await total(front.controlUrl, 'bounces')).toBe(1);
    expect(await total(front.controlUrl, 'arrivals')).toBe(2);
  });
});
