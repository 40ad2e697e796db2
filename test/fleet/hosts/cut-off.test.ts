// A host is cut off for a while: new readers go to other hosts, and its own readers find their sandboxes again.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../../lab/needs.ts';
import { FULL_SCALE } from '../../support/full-scale.ts';
import { until } from '../../support/until.ts';
import { Clicks } from './clicks.ts';
import { HostFleet } from './fleet.ts';

/** A minute's cut at the default poll interval, in a quarter of that time; in full with TMPFLEET_TEST_FULL_SCALE=1. */
const SCALE = FULL_SCALE ? 1 : 4;
const POLL_MS = 2_000 / SCALE;
const CUT_MS = 60_000 / SCALE;
const HELD = 9;
const CLICKS_PER_SECOND = SCALE / 2;
/** Readers sent there before the front notices hang until the cut ends, while others keep coming. */
const CLICKS_AT_ONCE = 12;

describeNeeding(['docker'], 'three hosts', () => {
  let fleet: HostFleet;
  beforeAll(async () => {
    fleet = await HostFleet.start({
      front: [
        ...['--poll-interval', `${POLL_MS}ms`, '--poll-timeout', `${POLL_MS}ms`],
        ...['--unreachable-interval', `${10_000 / SCALE}ms`],
      ],
      // The host that is cut off runs Docker.
      engines: ['docker', 'local', 'local'],
      ...{ capacity: 30, warm: 6 },
    });
  });
  afterAll(() => fleet?.stop());

  test('one host cut off: no new reader after two missed polls; its own readers return', {
    timeout: 240_000,
  }, async () => {
    const { front, hosts, holders } = fleet;
    const [cut] = hosts;
    if (cut === undefined) throw new Error('there is no host');
    for (let n = 0; n < HELD; n += 1) await fleet.arrive(1);
    await Promise.all(holders.map((holder) => holder.counts()));
    const there = holders.filter(({ node }) => node === cut.url);
    expect(there.length).toBeGreaterThan(0);

    const clicks = new Clicks({
      front,
      perSecond: CLICKS_PER_SECOND,
      atOnce: CLICKS_AT_ONCE,
      hosts: () => hosts,
    });
    await until('a new reader has landed', () => clicks.met.length > 3, 60_000);
    const before = there.map(({ count }) => count);
    await front.sees(cut, { reachability: 'reachable', schedulable: true });
    await cut.cutOff();
    const cutAt = performance.now();
    await front.sees(cut, { reachability: 'unreachable' });
    const noticedAt = performance.now();
    // The length of the cut is the test's input, not a wait for a condition.
    await delay(CUT_MS - (noticedAt - cutAt));
    const healAt = performance.now();
    await cut.heal();
    await Promise.all(there.map((holder) => holder.counts(60_000)));
    const backAt = performance.now();
    await front.sees(cut, { reachability: 'reachable', schedulable: true });
    const heardAt = performance.now();
    const met = await clicks.stop();

    const during = met.filter(({ at }) => at > noticedAt && at < healAt);
    const errors = met.flatMap(({ error }) => error ?? []);
    const lost = met.filter(({ unreached }) => unreached !== undefined);
    const figures = [
      `${CUT_MS} ms with polls every ${POLL_MS} ms, noticed after ${(noticedAt - cutAt).toFixed(0)} ms`,
      `${met.length} clicks, ${during.length} of them meanwhile`,
      `${lost.length} in vain before it was noticed, ${errors.length} errors`,
      `${there.length} readers back ${(backAt - healAt).toFixed(0)} ms after the cut`,
      `new ones sent there after ${(heardAt - healAt).toFixed(0)} ms`,
    ];
    process.stderr.write(`cut off: ${figures.join('; ')}
`);

    // Two polls, each a fifth late, with their timeouts; and as much again for a busy machine.
    expect(noticedAt - cutAt).toBeLessThan(2 * 2 * (1.2 * POLL_MS + POLL_MS) + 2_000);
    expect(during.length).toBeGreaterThan(0);
    expect(during.filter(({ node }) => node === cut.url)).toEqual([]);
    expect(errors).toEqual([]);
    expect(holders.flatMap(({ faults }) => faults)).toEqual([]);
    for (const [n, holder] of there.entries()) {
      expect(holder.count).toBeGreaterThan(before[n] ?? 0);
      expect((await holder.reader.click(`${cut.url}/tree`)).sandbox).toBe(holder.sandbox);
    }
    const owned = [
      ...holders.map(({ sandbox }) => sandbox),
      ...met.flatMap(({ landing }) => landing?.sandbox ?? []),
    ];
    expect(new Set(owned).size).toBe(owned.length);
  });
});
