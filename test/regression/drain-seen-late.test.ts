// `tmpfleet node drain --wait` with a long --reap-interval: the end of a drain, and its deadline, were looked for when the engine's
// sandboxes are compared with those on record, so that an empty node was called drained half a minute late, and readers stayed
// as long beyond their deadline. Both are looked for each second.
import { afterEach, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

let agent: TestAgent | undefined;
afterEach(async () => {
  await agent?.close();
  agent = undefined;
});

test('a drain ends by its deadline, however seldom the engine is asked', async () => {
  agent = await startAgent({ capacity: '2', warm: '2', reapInterval: '1h' });
  await agent.warm(2);
  const { pool, url, controlUrl } = agent;
  const { signal } = new AbortController();
  const claimed = await pool.claim({ waitMs: 1_000, by: 'reader', signal });
  expect(claimed).toBeDefined();
  const order = await fetch(`${controlUrl}/api/drain`, { method: 'POST', body: '{"deadline":"1s"}' });
  expect(order.status).toBe(200);
  await until('it is drained', async () => {
    const report = await (await fetch(`${url}/stats`)).text();
    return report.includes('"state":"drained"');
  });
  expect(claimed?.endReason).toBe('drained');
});
