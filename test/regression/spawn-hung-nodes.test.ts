// A stopped node (SIGSTOP) held one `POST /api/spawn` at the front up for 14 s: nodes that were too slow were asked
// once more, each for 12 s, and the log said "trying another" of the same node twice. One spawn now has 5 s in all, and
// asks each node once.
import { afterEach, describe, expect, test } from 'vitest';
import { Bench, type TestNode } from '../redirector/support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** Reports room, and never answers a spawn. */
async function hungNode(): Promise<{ readonly node: TestNode; readonly asked: () => number }> {
  const node = await bench.node({ warm: 1_000, capacity: 1_000 });
  let asked = 0;
  node.override = (request) => {
    if (request.url === '/stats') return false;
    asked += 1;
    return true;
  };
  return { node, asked: () => asked };
}

describe('POST /api/spawn with nodes that hang', () => {
  test('ends within its time, asks each node once, and reports that no node answers', async () => {
    const front = await bench.front();
    const nodes = [await hungNode(), await hungNode()];
    await front.add(...nodes.map(({ node }) => node));
    const begun = performance.now();
    const answer = await fetch(`${front.url}/api/spawn`, { method: 'POST' });
    // 5 s, with room for a busy machine; it was 28 s.
    expect(performance.now() - begun).toBeLessThan(12_000);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toEqual({
      status: 'error',
      code: 'no-node-answers',
      message: 'no node answers',
    });
    expect(nodes.map(({ asked }) => asked())).toEqual([1, 1]);
  });

  test('goes on to a node that answers', async () => {
    const front = await bench.front();
    const { node: hung, asked } = await hungNode();
    const good = await bench.node({ node: 'good', warm: 1 });
    await front.add(hung, good);
    const answer = await fetch(`${front.url}/api/spawn`, { method: 'POST' });
    expect([answer.status, await answer.json()]).toEqual([200, { url: `${good.url}/user/good-1/` }]);
    expect(asked()).toBeLessThanOrEqual(1);
  });
});
