// Token buckets by client, their option, and whom they exempt.
import { describe, expect, test } from 'vitest';
import { ArrivalLimit } from '../../../shared/limits/arrivals.ts';
import { limitOptions, listenerLimits } from '../../../shared/limits/limit-options.ts';
import { TokenBuckets } from '../../../shared/limits/token-buckets.ts';

const defaults = Object.fromEntries(
  Object.entries(limitOptions).map(([name, option]) => [name, option.default]),
) as { -readonly [K in keyof typeof limitOptions]: (typeof limitOptions)[K]['default'] };
const proxies = { trustProxy: false, trustedProxies: [] };
const rate = (text: string) => limitOptions.clientArrivals.kind.schema.safeParse(text);

describe('a bucket', () => {
  test('gives its tokens at once, then one for each interval, and says when', () => {
    const buckets = new TokenBuckets({ count: 3, perMs: 30_000 });
    expect([1, 2, 3].map(() => buckets.take('a', 0))).toEqual([0, 0, 0]);
    expect(buckets.take('a', 0)).toBe(10_000);
    expect(buckets.take('a', 4_000)).toBe(6_000);
    expect(buckets.take('a', 10_000)).toBe(0);
    expect(buckets.take('a', 10_000)).toBe(10_000);
  });

  test('is full again after its time, and never more than full', () => {
    const buckets = new TokenBuckets({ count: 2, perMs: 1_000 });
    buckets.take('a', 0);
    buckets.take('a', 0);
    expect([1, 2, 3].map(() => buckets.take('a', 1_000_000))).toEqual([0, 0, 500]);
  });

  test('belongs to one client', () => {
    const buckets = new TokenBuckets({ count: 1, perMs: 1_000 });
    expect(buckets.take('a', 0)).toBe(0);
    expect(buckets.take('b', 0)).toBe(0);
    expect(buckets.take('a', 0)).toBeGreaterThan(0);
  });

  test('a million clients cost the memory of forty thousand', () => {
    const buckets = new TokenBuckets({ count: 1, perMs: 1_000 });
    for (let n = 0; n < 1_000_000; n += 1) buckets.take(`2001:db8:${n.toString(16)}::/64`, n);
    expect(buckets.size).toBeLessThanOrEqual(40_000);
  });
});

describe('--client-arrivals', () => {
  test.each([
    ['600/5m', { count: 600, perMs: 300_000 }],
    ['1/1s', { count: 1, perMs: 1_000 }],
    ['10 / 1h', { count: 10, perMs: 3_600_000 }],
    ['0', { count: 0, perMs: 1 }],
  ])('%s is read, and written back', (text, value) => {
    expect(rate(text).data).toEqual(value);
    expect(rate(String(limitOptions.clientArrivals.kind.format(value))).data).toEqual(value);
  });

  test.each(['600', '600/5', '0/5m', '-1/5m', '1/500ms', '1/', 'x'])('%s is refused', (text) => {
    expect(rate(text).success).toBe(false);
  });
});

describe('arrivals', () => {
  const limit = (options: Partial<typeof defaults>) =>
    new ArrivalLimit({
      config: { ...defaults, ...proxies, clientArrivals: { count: 1, perMs: 1_000 }, ...options },
      now: () => 0,
    });

  test('beyond the bucket are refused and counted', () => {
    const arrivals = limit({});
    expect([arrivals.admit('192.0.2.1'), arrivals.admit('192.0.2.1')]).toEqual([0, 1_000]);
    expect(arrivals.refused).toBe(1);
  });

  test('follow a limit that changes, each client with a full bucket', () => {
    const config = { ...defaults, ...proxies, clientArrivals: { count: 1, perMs: 1_000 } };
    const arrivals = new ArrivalLimit({ config, now: () => 0 });
    expect([arrivals.admit('192.0.2.1'), arrivals.admit('192.0.2.1')]).toEqual([0, 1_000]);
    config.clientArrivals = { count: 2, perMs: 1_000 };
    expect([1, 2, 3].map(() => arrivals.admit('192.0.2.1'))).toEqual([0, 0, 500]);
    config.clientArrivals = { count: 0, perMs: 1_000 };
    expect([1, 2, 3].map(() => arrivals.admit('192.0.2.1'))).toEqual([0, 0, 0]);
  });

  test('of exempt clients, of loopback by default, are not', () => {
    const arrivals = limit({});
    expect([1, 2, 3].map(() => arrivals.admit('127.0.0.1'))).toEqual([0, 0, 0]);
    const campus = limit({ exemptClients: ['192.0.2.0/24'] });
    expect([1, 2, 3].map(() => campus.admit('192.0.2.77'))).toEqual([0, 0, 0]);
    campus.admit('127.0.0.1');
    expect(campus.admit('127.0.0.1')).toBe(1_000);
  });

  test('are not limited with 0', () => {
    const arrivals = limit({ clientArrivals: { count: 0, perMs: 1 } });
    expect([1, 2, 3].map(() => arrivals.admit('192.0.2.1'))).toEqual([0, 0, 0]);
  });
});

describe('connections', () => {
  test('of a terminator carry many clients, and are not limited by client', () => {
    const direct = listenerLimits({ ...defaults, ...proxies }, 1, 1_024).readers;
    expect(direct.clientAt('192.0.2.1')).toBe('192.0.2.1');
    expect(direct.clientAt('::ffff:127.0.0.1')).toBeUndefined();
    const behind = listenerLimits({ ...defaults, trustProxy: true, trustedProxies: [] }, 1, 1_024).readers;
    expect(behind.clientAt('192.0.2.1')).toBeUndefined();
  });

  test('of one client are half of all at most', () => {
    expect(listenerLimits({ ...defaults, ...proxies }, 1, 512).readers).toMatchObject({
      max: 384,
      perClient: 192,
    });
    expect(listenerLimits({ ...defaults, ...proxies, maxConnections: 0 }, 1, 512).readers).toMatchObject({
      max: Number.POSITIVE_INFINITY,
      perClient: 2_000,
    });
  });
});
