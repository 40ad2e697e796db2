// A resolver of the front that answered "no such name" for every node set all of them aside at once, past the rule that a
// front suspects itself when most nodes fall silent together: the fleet was closed, though readers, whose resolvers worked,
// could have reached every node.
import { afterEach, expect, test } from 'vitest';
import { Fleet } from '../../redirector/nodes/fleet.ts';
import { Weights } from '../../redirector/placement/weights.ts';
import { HttpPollClient, type PollClient } from '../../redirector/polling/http-poll.ts';
import { Poller } from '../../redirector/polling/poller.ts';
import { systemClock, systemRandom } from '../../shared/clock.ts';
import { Bench, silent } from '../redirector/support.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
const limits = { pollIntervalMs: 100, pollTimeoutMs: 1_000, unreachableIntervalMs: 200 };
let poller: Poller | undefined;
afterEach(async () => {
  await poller?.stop();
  await bench.clear();
});

test('a front whose resolver knows no name any more goes on sending readers to its nodes', async () => {
  const real = new HttpPollClient(limits.pollTimeoutMs);
  let isBroken = false;
  const client: PollClient = {
    poll: async (url) => {
      // As getaddrinfo(3) fails.
      if (isBroken)
        throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${new URL(url).hostname}`), {
          code: 'ENOTFOUND',
        });
      return real.poll(url);
    },
    retire: () => real.retire(),
    close: () => real.close(),
  };
  const fleet = new Fleet(systemClock, limits);
  const weights = new Weights({ ourKey: undefined, pollIntervalMs: limits.pollIntervalMs });
  fleet.watch(weights);
  const nodes = await Promise.all(Array.from({ length: 6 }, () => bench.node()));
  fleet.setMembers(nodes.map(({ url }, index) => ({ id: `n${index}`, url })));
  poller = new Poller({ fleet, clock: systemClock, random: systemRandom, logger: silent, client, ...limits });
  poller.sync();
  const reachable = (): number =>
    [...fleet.views()].filter(({ reachability }) => reachability === 'reachable').length;
  await until('all nodes are reachable', () => reachable() === 6);
  isBroken = true;
  await until('none is', () => reachable() === 0);
  const chosen = new Set<unknown>();
  for (let turn = 0; turn < 500; turn += 1)
    chosen.add(weights.choose(systemRandom, [], systemClock.now())?.member.id);
  expect(chosen).not.toContain(undefined);
  expect(chosen.size).toBeGreaterThanOrEqual(4);
});
