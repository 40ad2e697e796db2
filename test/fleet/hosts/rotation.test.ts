// Rotation under load: a host is added, another drained and removed, and readers notice nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../../lab/needs.ts';
import type { Landing } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import { Clicks } from './clicks.ts';
import { HostFleet } from './fleet.ts';
import type { Host } from './host.ts';

const HELD = 9;
const CLICKS_PER_SECOND = 5;
/** On a busy machine Docker gets no quicker with more requests. */
const CLICKS_AT_ONCE = 10;
/** Longer than the test, so that it ends no sandbox. Readers who hold one there leave by themselves. */
const DEADLINE = '10m';

describeNeeding(['docker'], 'a fleet under load', () => {
  let fleet: HostFleet;
  beforeAll(async () => {
    fleet = await HostFleet.start({
      front: ['--poll-interval', '500ms'],
      // The host that is removed runs Docker.
      engines: ['docker', 'local', 'local'],
      ...{ capacity: 40, warm: 8 },
    });
  });
  afterAll(() => fleet?.stop());

  test('gains a host and loses another: no error, no sandbox ended early, nothing left behind', {
    timeout: 240_000,
  }, async () => {
    const { front, hosts, holders } = fleet;
    for (let n = 0; n < HELD; n += 1) await fleet.arrive(1);
    await Promise.all(holders.map((holder) => holder.counts()));
    const [old] = hosts;
    if (old === undefined) throw new Error('there is no host');
    const staying = holders.filter(({ node }) => node === old.url);
    expect(staying.length).toBeGreaterThan(0);

    const clicks = new Clicks({
      front,
      perSecond: CLICKS_PER_SECOND,
      atOnce: CLICKS_AT_ONCE,
      hosts: () => hosts,
    });
    const began = performance.now();
    const added = await fleet.startHost('host3', 'local');
    hosts.push(added);
    await added.whole();
    await front.add(added);
    await until('a new reader has landed at the new host', () => landedAt(clicks, added), 60_000);

    const drain = await old.control('POST', '/api/drain', { deadline: DEADLINE });
    expect(drain.status).toBe(200);
    await front.sees(old, { state: 'draining', schedulable: false });
    const drainingAt = performance.now();
    await Promise.all(staying.map((holder) => holder.counts()));
    for (const holder of staying) {
      // Readers who have a sandbox there keep it until they leave.
      expect((await holder.reader.click(`${old.url}/tree`)).sandbox).toBe(holder.sandbox);
      holder.leave();
      expect((await old.control('DELETE', `/api/sandboxes/${holder.sandbox}`)).status).toBe(202);
    }
    await until('the old host is drained', async () => (await old.stats()).state === 'drained', 60_000);
    const { drain_forced: forced, ended } = await old.stats();
    expect(await old.containers()).toEqual([]);
    await front.retire(old);
    const retiredAt = performance.now();
    await old.stopAgent();
    const soFar = clicks.met.length;
    await until('readers go on landing', () => clicks.met.length >= soFar + CLICKS_AT_ONCE, 60_000);
    const met = await clicks.stop();
    const seconds = (performance.now() - began) / 1000;

    const errors = met.flatMap(({ error, unreached }) => error ?? unreached ?? []);
    const bounces = met.reduce((sum, each) => sum + each.bounces, 0);
    const figures = [
      `${met.length} clicks in ${seconds.toFixed(0)} s, ${bounces} bounces, ${errors.length} errors`,
      `drained with ${staying.length} readers who left by themselves`,
      `retired after ${((retiredAt - drainingAt) / 1000).toFixed(1)} s`,
      `ended there: ${JSON.stringify(ended)}`,
    ];
    process.stderr.write(`rotation: ${figures.join('; ')}
`);
    expect(errors).toEqual([]);
    expect(forced).toBe(false);
    // Readers who left, and warm ones: a drain that ended a reader's sandbox would be forced.
    expect(
      Object.keys(ended).filter((reason) => !['deleted', 'drained', 'surplus'].includes(reason)),
    ).toEqual([]);
    expect(holders.flatMap(({ faults }) => faults)).toEqual([]);
    const others = holders.filter((holder) => !staying.includes(holder));
    await Promise.all(others.map((holder) => holder.counts()));
    expect((await front.nodes()).map(({ id }) => id).sort()).toEqual(['host1', 'host2', 'host3']);
    const late = met.filter(({ at }) => at > drainingAt).flatMap(({ landing }) => landing ?? []);
    expect(late.filter(({ url }) => url.startsWith(old.url))).toEqual([]);
    expect(await old.containers()).toEqual([]);
    const owned = [
      ...holders.map(({ sandbox }) => sandbox),
      ...met.flatMap(({ landing }) => landing?.sandbox ?? []),
    ];
    expect(new Set(owned).size).toBe(owned.length);
  });
});

function landedAt({ met }: Clicks, { url }: Host): Landing | undefined {
  return met.flatMap(({ landing }) => landing ?? []).find((landing) => landing.url.startsWith(url));
}
