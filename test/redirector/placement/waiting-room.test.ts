// Readers held at the front when there seems to be no room: for how long, in which order, and how it ends.
import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { NAVIGATION } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import { Bench, bounce, type Front, post, type TestNode } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** Polls so rarely that only the waiting room asks nodes. */
const RARELY = { pollInterval: '1h', holdFor: '20s' };

/** A front whose only node reported that it is full, and is full. */
async function fullFleet(flags: Readonly<Record<string, string>> = {}): Promise<[Front, TestNode]> {
  const front = await bench.front({ ...RARELY, ...flags });
  const node = await bench.node({ warm: 0, capacity: 0 });
  await front.add(node);
  return [front, node];
}

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

/** The sum of a metric over the series whose labels contain `label`. */
async function metric(front: Front, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${front.controlUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

describe('a reader for whom there seems to be no room', () => {
  test('is sent on when a node, polled again at once, has room', async () => {
    const [front, node] = await fullFleet();
    node.warm = 1;
    const polls = node.polls;
    const answer = await front.get('/tree?x=1');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toContain('/tree?x=1&ticket=');
    expect(node.polls).toBeGreaterThan(polls);
    expect(await metric(front, 'tmpfleet_waits_total', 'outcome="sent"')).toBe(1);
  });

  test('is refused once every node has reported that it is full, long before the hold is over', async () => {
    const [front, node] = await fullFleet({ holdFor: '1h' });
    const polls = node.polls;
    const answer = await front.get('/tree');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(node.polls).toBeGreaterThan(polls);
    expect(await metric(front, 'tmpfleet_waits_total', 'outcome="refused"')).toBe(1);
    expect(await metric(front, 'tmpfleet_waiting')).toBe(0);
  });

  test('is refused when the hold is over, though a node that hangs has not reported', async () => {
    const front = await bench.front({ ...RARELY, holdFor: '300ms', pollTimeout: '1h' });
    const node = await bench.node({ warm: 0, capacity: 0 });
    await front.add(node);
    node.override = () => true;
    expect((await front.get('/tree')).status).toBe(503);
  });

  test('is refused at once if holding is off, if there is no node, and if none answers', async () => {
    const [front, node] = await fullFleet({ holdFor: '0s' });
    const polls = node.polls;
    expect((await front.get('/tree')).status).toBe(503);
    expect(node.polls).toBe(polls);
    const empty = await bench.front({ holdFor: '1h' });
    expect((await empty.get('/tree')).status).toBe(503);
    await empty.add({ url: 'http://127.0.0.1:9' });
    expect((await empty.get('/tree')).status).toBe(503);
  });

  test('returns to the node that bounced them when that node reports room again', async () => {
    const [front, node] = await fullFleet();
    const { node: name } = node.settings;
    node.warm = 1;
    const answer = await front.get(`/?ticket=${bounce({ node: name, tried: [name] })}`);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toContain(node.url);
    expect(await metric(front, 'tmpfleet_bounces_total', 'avoidable="true"')).toBe(1);
  });
});

describe('a reader whom only the counts of readers on their way keep out', () => {
  test('is held as long as a report shows a warm sandbox, and sent there when the hold is over', async () => {
    const front = await bench.front({ pollInterval: '100ms', holdFor: '1s' });
    const node = await bench.node({ warm: 1, capacity: 1 });
    await front.add(node);
    // A click that is not followed.
    expect((await front.get('/')).status).toBe(302);
    const began = performance.now();
    const answer = await front.get('/tree');
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      expect.stringContaining(`${node.url}/tree?ticket=`),
    ]);
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  test('is refused as soon as the reports show that those on their way have arrived', async () => {
    const front = await bench.front({ pollInterval: '100ms', holdFor: '1h' });
    const node = await bench.node({ warm: 1, capacity: 1 });
    await front.add(node);
    const location = (await front.get('/')).headers.get('location') ?? '';
    const second = front.get('/');
    await until('the second reader waits', async () => (await metric(front, 'tmpfleet_waiting')) === 1);
    await (await fetch(location)).arrayBuffer();
    expect((await second).status).toBe(503);
  });
});

describe('a reader whom a node sent back', () => {
  test('is placed by the new reports of the nodes, not by the old ones', async () => {
    const front = await bench.front(RARELY);
    const [first, second, third] = [await bench.node(), await bench.node(), await bench.node()];
    await front.add(first, second, third);
    second.warm = 0;
    const { node: name } = first.settings;
    const click = (): Promise<Response> => front.get(`/?ticket=${bounce({ node: name, tried: [name] })}`);
    for (const answer of await Promise.all([click(), click(), click(), click()])) {
      expect(answer.headers.get('location')).toContain(third.url);
    }
  });

  test('is placed by the last known reports when a node does not answer', async () => {
    const front = await bench.front({ ...RARELY, pollTimeout: '1h' });
    const [first, second] = [await bench.node(), await bench.node()];
    await front.add(first, second);
    holdReports(first);
    const { node: name } = first.settings;
    const answer = await front.get(`/?ticket=${bounce({ node: name, tried: [name] })}`);
    expect(answer.headers.get('location')).toContain(second.url);
  });
});

describe('readers who wait', () => {
  test('are admitted in the order in which they came, before later readers', async () => {
    const [front, node] = await fullFleet();
    const hold = holdReports(node);
    const ends: string[] = [];
    const clicks = [];
    for (const name of ['first', 'second', 'third']) {
      const click = async (): Promise<void> => {
        const { status, headers } = await front.get(`/${name}`);
        ends.push(`${name} ${status}`);
        // They arrive: only then is there no room for the third.
        const location = headers.get('location');
        if (location !== null) await (await fetch(location)).arrayBuffer();
      };
      clicks.push(click());
      await until(`${name} waits`, async () => (await metric(front, 'tmpfleet_waiting')) === clicks.length);
    }
    node.warm = 2;
    hold.release();
    await Promise.all(clicks);
    expect(ends.toSorted()).toEqual(['first 302', 'second 302', 'third 503']);
  });

  test('leave their place to those behind them when they go', async () => {
    const [front, node] = await fullFleet();
    const hold = holdReports(node);
    const leaver = request(`${front.url}/leaver`, { headers: NAVIGATION });
    leaver.on('error', () => {}).end();
    await until('the first reader waits', async () => (await metric(front, 'tmpfleet_waiting')) === 1);
    const stayer = front.get('/stayer');
    await until('both wait', async () => (await metric(front, 'tmpfleet_waiting')) === 2);
    leaver.destroy();
    await until(
      'one has left',
      async () => (await metric(front, 'tmpfleet_waits_total', 'outcome="left"')) === 1,
    );
    node.warm = 1;
    hold.release();
    expect((await stayer).status).toBe(302);
    expect(front.fleet.named(node.settings.node)?.redirects).toBe(1);
  });

  test('share one queue with programs', async () => {
    const [front, node] = await fullFleet();
    const hold = holdReports(node);
    const spawned = post(`${front.url}/api/spawn`);
    await until('the program waits', async () => (await metric(front, 'tmpfleet_waiting')) === 1);
    expect(await settled(spawned)).toBe(false);
    node.warm = 1;
    hold.release();
    const answer = await spawned;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ url: expect.stringContaining(`${node.url}/user/`) });
  });
});

test('a redirector that has just started holds its first reader until its nodes have reported', async () => {
  const node = await bench.node({ warm: 1, capacity: 1 });
  const { release } = holdReports(node);
  const front = await bench.front({ ...RARELY, nodes: node.url });
  const click = front.get('/tree');
  await until('both wait', async () => (await metric(front, 'tmpfleet_waiting')) === 1);
  release();
  expect((await click).status).toBe(302);
});

/** Holds reports back until `release` is called, which lets those requested so far, and later ones, be answered. */
function holdReports(node: TestNode): { release(): void } {
  const asked: (() => void)[] = [];
  node.override = (incoming, response) => {
    if (incoming.url !== '/stats') return false;
    asked.push(() => response.writeHead(200).end(JSON.stringify(node.stats())));
    return true;
  };
  return {
    release: () => {
      node.override = undefined;
      for (const answer of asked.splice(0)) answer();
    },
  };
}
