// How many sandboxes are kept ready, and how quickly they are started: bookings, demand, and what the host can carry.
import { describe, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { Bookings, bookingKind } from '../../../node-agent/sizing/bookings.ts';
import { Demand } from '../../../node-agent/sizing/demand.ts';
import { Sizing } from '../../../node-agent/sizing/sizing.ts';
import { StartLimiter } from '../../../node-agent/sizing/start-limiter.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { startAgent } from '../../support/agent.ts';
import { LIGHT_COMMAND } from '../../support/light-server.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

const read = (text: string) => bookingKind.schema.parse(text);
const at = (hours: number, minutes: number): number => new Date(2026, 10, 23, hours, minutes).getTime();

describe('a booking', () => {
  test.each([
    ['200 at 14:00', '200 at 0 14 * * * for 1h'],
    ['200 at 14:05 for 90m', '200 at 5 14 * * * for 90m'],
    [' 5 at */10 8-17 * * 1-5 for 5m; 7 at 9:00 ', '5 at */10 8-17 * * 1-5 for 5m; 7 at 0 9 * * * for 1h'],
  ])('%j is %j', (text, written) => {
    expect(bookingKind.format(read(text))).toBe(written);
    expect(bookingKind.format(read(written))).toBe(written);
  });

  test.each([
    '200',
    'many at 14:00',
    '200 at 25:00',
    '200 at 14:00 for ever',
    '200 at 0 0 14 * * *',
    '5 at noon',
  ])('%j is none, and the error says what one looks like', (book) => {
    const load = () => loadConfig(nodeAgentOptions, { flags: { book }, env: {} });
    expect(load).toThrow(/book.*200 at 14:00 for 2h/s);
  });

  test('holds from a little before its time until it is over, also after a restart in between', () => {
    const book = read('200 at 14:00 for 2h; 50 at 15:30 for 1h');
    // 200 starts of half a second are 100 seconds: two minutes, and one more.
    const wanted = (time: number): number => new Bookings(book).wanted(time, 0.5);
    expect([at(13, 56), at(13, 57), at(14, 0), at(15, 59)].map(wanted)).toEqual([0, 200, 200, 200]);
    expect([at(16, 0), at(16, 29), at(16, 30)].map(wanted)).toEqual([50, 50, 0]);
    const kept = new Bookings(book);
    expect([at(13, 56), at(13, 57), at(16, 30)].map((time) => kept.wanted(time, 0.5))).toEqual([0, 200, 0]);
  });

  test('larger than the capacity is refused at the start', async () => {
    await expect(startAgent({ book: '9 at 14:00', capacity: '8' })).rejects.toThrow(
      /book: 9 is more than the capacity, which is 8/,
    );
  });
});

describe('demand', () => {
  test('is the arrivals during one start, plus three deviations', () => {
    const demand = new Demand();
    let now = 1_000_000;
    for (let reader = 0; reader < 600; reader += 1) {
      now += 100;
      demand.arrived(now);
    }
    expect(demand.rate(now)).toBeGreaterThan(9);
    expect(demand.rate(now)).toBeLessThan(11.5);
    // λ ≈ 10, L = 4: 40 + 3 × 6.3.
    expect(demand.warmTarget(now, 4)).toBeGreaterThanOrEqual(54);
    expect(demand.warmTarget(now, 4)).toBeLessThanOrEqual(68);
    expect(demand.warmTarget(now + 10 * 60_000, 4)).toBeLessThanOrEqual(1);
  });

  test('is zero when no reader comes', () => expect(new Demand().warmTarget(5, 4)).toBe(0));

  test('sees a flash crowd within seconds', () => {
    const demand = new Demand();
    for (let now = 0; now < 3_000; now += 10) demand.arrived(now);
    expect(demand.rate(3_000)).toBeGreaterThan(40);
  });
});

describe('the number of concurrent starts', () => {
  /** A host with this number of cores, on which a start takes 0.7 s of one. */
  const settle = (pace: StartLimiter, cores: number, starts = 200): number => {
    for (let start = 0; start < starts; start += 1) pace.started(0.7 * Math.max(1, pace.limit / cores));
    return pace.limit;
  };

  test.each([2, 4, 16])('settles at little more than %d cores can carry', (cores) => {
    const limit = settle(new StartLimiter(64), cores);
    expect(limit).toBeGreaterThanOrEqual(cores);
    expect(limit).toBeLessThanOrEqual(cores * 1.5 + 2);
  });

  test('never exceeds its setting, nor falls below one', () => {
    expect(settle(new StartLimiter(3), 16)).toBe(3);
    const pace = new StartLimiter(8);
    for (let failure = 0; failure < 20; failure += 1) pace.failed();
    expect(pace.limit).toBe(1);
    expect(settle(pace, 16)).toBe(8);
  });
});

describe('the number kept ready', () => {
  const clock = { now: () => at(14, 10), monotonic: () => 0 };
  const settings = { warm: 3, warmFollow: false, warmMax: 50, concurrentStarts: 2, book: [] };

  test('is the largest of what is configured, what is booked, and what is in demand', () => {
    expect(new Sizing(settings, clock).warmTarget()).toBe(3);
    expect(new Sizing({ ...settings, book: read('20 at 14:00') }, clock).warmTarget()).toBe(20);
    const following = new Sizing({ ...settings, warmFollow: true }, clock);
    expect(following.warmTarget()).toBe(3);
    for (let reader = 0; reader < 20; reader += 1) following.claimed();
    expect(following.warmTarget()).toBeGreaterThan(20);
    for (let reader = 0; reader < 200; reader += 1) following.claimed();
    expect(following.warmTarget()).toBe(50);
  });

  test('follows the arrivals at a real node', async () => {
    // Where a start takes no time, one sandbox is enough for any crowd.
    const command = `sleep 0.4; exec ${LIGHT_COMMAND}`;
    const agent = await startAgent({ command, capacity: '12', warm: '1', warmFollow: true, warmMax: '4' });
    try {
      await agent.warm(1);
      for (let reader = 0; reader < 6; reader += 1) await new Reader().click(`${agent.url}/`);
      await until('more than the minimum are kept ready', () => agent.pool.status().warm > 1);
      expect(agent.pool.status().warmTarget).toBeLessThanOrEqual(4);
    } finally {
      await agent.close();
    }
  });
});
