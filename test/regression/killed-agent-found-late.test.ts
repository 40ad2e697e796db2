// A node-agent that is killed: readers were sent there until the front's next poll, two seconds later at most, and met a refused
// connection. The kernel closes the connections of a killed process at once, the one that the front keeps for its polls among
// them, so the front need not wait for its next turn.
import { afterEach, expect, test } from 'vitest';
import { Bench, TestNode } from '../redirector/support.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

test('a node whose connection ends between two polls is polled at once', async () => {
  const front = await bench.front({ pollInterval: '10m' });
  const [node, other] = [await new TestNode().open(), await bench.node()];
  await front.add(node, other);
  const { url, polls } = node;
  // Later than the end of a connection that was meant for one report.
  await until('the report is not new any more', async () => Date.now() - lastReport(front, url) > 200);
  expect(node.polls).toBe(polls);
  await node.close();
  await until('the front knows', async () => (await front.stats()).hosts[url]?.down === true);
  expect((await front.get('/')).headers.get('location')).toMatch(other.url);
});

test('a node that closes the connection of each poll is not polled without end', async () => {
  const front = await bench.front({ pollInterval: '300ms' });
  const node = await bench.node();
  node.override = (request, response) => {
    if (request.url === '/stats') response.setHeader('connection', 'close');
    return false;
  };
  await front.add(node);
  const before = { polls: node.polls, at: Date.now() };
  await until('some polls', () => node.polls >= before.polls + 6);
  // Twice as often as by the interval, give or take 20 %, would be 900 ms.
  expect(Date.now() - before.at).toBeGreaterThan(700);
});

function lastReport(front: Awaited<ReturnType<Bench['front']>>, url: string): number {
  return [...front.fleet.views()].find(({ member }) => member.url === url)?.reportedAt ?? Date.now();
}
