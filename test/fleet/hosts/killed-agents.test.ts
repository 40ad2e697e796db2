// The agents of three hosts are killed one after another, again and again, below readers: no reader loses a sandbox.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeNeeding } from '../../lab/needs.ts';
import { FULL_SCALE } from '../../support/full-scale.ts';
import { until } from '../../support/until.ts';
import { Clicks } from './clicks.ts';
import { HostFleet } from './fleet.ts';

const HELD = 30;
/** The number of warm sandboxes on one host. */
const TOGETHER = 10;
/** Each agent at least twice, so that one that was started after a kill is killed, too. */
const KILLS = FULL_SCALE ? 20 : 7;
const CLICKS_PER_SECOND = 2;
const COUNTS_MS = 90_000;
/** On a busy machine Docker gets no quicker with more requests. */
const CLICKS_AT_ONCE = 6;

describeNeeding(['docker'], 'three hosts', () => {
  let fleet: HostFleet;
  beforeAll(async () => {
    fleet = await HostFleet.start({
      front: ['--poll-interval', '500ms', '--unreachable-interval', '1s'],
      engines: ['docker', 'local', 'local'],
      ...{ capacity: HELD, warm: TOGETHER },
    });
  });
  afterAll(() => fleet?.stop());

  test('lose no sandbox while their agents are killed, and no reader gets an error', {
    timeout: 480_000,
  }, async () => {
    const { front, hosts, holders } = fleet;
    for (let n = 0; n < HELD; n += TOGETHER) await fleet.arrive(TOGETHER);
    await Promise.all(holders.map((holder) => holder.counts()));
    await Promise.all(hosts.map((host) => host.whole()));
    const clicks = new Clicks({
      front,
      perSecond: CLICKS_PER_SECOND,
      atOnce: CLICKS_AT_ONCE,
      hosts: () => hosts,
    });
    const began = performance.now();
    for (let n = 0; n < KILLS; n += 1) {
      const host = hosts[n % hosts.length];
      if (host === undefined) throw new Error('there is no such host');
      await host.killAgent();
      await host.startAgent();
      await Promise.all(holders.map((holder) => holder.counts(COUNTS_MS)));
      await front.sees(host, { schedulable: true });
      // Readers who met the dead agent have found another before the next kill.
      await until('no reader is about to reload', () => clicks.reloading === 0, 60_000);
    }
    const seconds = (performance.now() - began) / 1000;
    const met = await clicks.stop();
    const unreached = met.filter((each) => each.unreached !== undefined);
    const errors = met.flatMap(({ error }) => error ?? []);
    const reconnects = holders.reduce((sum, holder) => sum + holder.reconnects, 0);
    const slowest = Math.max(...holders.map((holder) => holder.slowest));
    const refused = holders.reduce((sum, holder) => sum + holder.refusals, 0);
    const figures = [
      `${KILLS} kills in ${seconds.toFixed(0)} s`,
      `${reconnects} reconnects, the slowest ${(slowest / 1000).toFixed(1)} s`,
      `${refused} attempts to reconnect were refused`,
      `${met.length} clicks, ${unreached.length} of them at an agent that was dead at that moment`,
      `${errors.length} errors`,
    ];
    process.stderr.write(`killed agents: ${figures.join('; ')}\n`);

    expect(holders.flatMap(({ faults }) => faults)).toEqual([]);
    expect(refused).toBe(0);
    expect(reconnects).toBeGreaterThanOrEqual(KILLS);
    const owned = [
      ...holders.map(({ sandbox }) => sandbox),
      ...met.flatMap(({ landing }) => landing?.sandbox ?? []),
    ];
    expect(new Set(owned).size).toBe(owned.length);
    expect(errors).toEqual([]);
    for (const holder of holders) {
      const back = await holder.reader.click(`${holder.node}/tree`);
      expect(back.sandbox).toBe(holder.sandbox);
    }
    expect(unreached.length).toBeLessThanOrEqual(met.length / 4);
  });
});
