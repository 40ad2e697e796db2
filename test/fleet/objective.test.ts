// Which readers count for the objective, and which of them are in time: at the front, at a node, and both together in `top`.
import { afterEach, expect, test } from 'vitest';
import { fleetSchema } from '../../shared/api/node.ts';
import { Bench, type Front, navigate, SECRET } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** Readers who count, and those of them who are in time. */
async function countsOf({ controlUrl }: { readonly controlUrl: string }): Promise<readonly number[]> {
  const text = await (await fetch(`${controlUrl}/metrics`)).text();
  return ['readers', 'good_readers'].map((name) =>
    Number(new RegExp(`^tmpfleet_slo_${name}_total\\S* (\\d+)$`, 'm').exec(text)?.[1]),
  );
}

async function shown(front: Front): Promise<unknown> {
  return fleetSchema.parse(await (await fetch(`${front.controlUrl}/api/fleet`)).json()).slo;
}

test('at the front: who is sent at once is in time; who comes when all is taken does not count', async () => {
  const front = await bench.front({ holdFor: '0' });
  const node = await bench.node({ node: 'n1', warm: 1, capacity: 1 });
  await front.add(node);
  expect((await front.get('/tree')).status).toBe(302);
  expect(await countsOf(front)).toEqual([1, 1]);
  node.warm = 0;
  node.claims = 1;
  await until('it is full', async () => (await front.get('/tree')).status === 503);
  const [readers] = await countsOf(front);
  expect((await front.get('/tree')).status).toBe(503);
  expect((await countsOf(front))[0]).toBe(readers);
});

test('at the front: a reader for whom no node answers is late', async () => {
  const front = await bench.front({ holdFor: '0' });
  const node = await bench.node({ node: 'n1' });
  await front.add(node);
  await node.close();
  await until('it does not answer', () =>
    [...front.fleet.views()].every(({ reachability }) => reachability === 'unreachable'),
  );
  expect((await front.get('/tree')).status).toBe(503);
  expect(await countsOf(front)).toEqual([1, 0]);
  expect(await shown(front)).toEqual({ readers_total: 1, late_total: 1 });
});

test('at a node: a warm sandbox is in time, a start is not, and who comes when it is full does not count', async () => {
  const front = await bench.front();
  const command = `sh -c 'sleep 1.6; exec ${LIGHT_COMMAND}'`;
  const flags = { capacity: '2', warm: '1', command, frontUrl: front.url };
  const agent = bench.keep(await startAgent(flags, { TMPFLEET_SECRET: SECRET }));
  await agent.warm(1);
  await front.add(agent);
  await fetch(`${agent.url}/api/spawn`, { method: 'POST' });
  expect(await countsOf(agent)).toEqual([0, 0]);
  // The program took the warm one, and the reader waits for the other to start.
  expect((await new Reader().click(`${agent.url}/`)).status).toBe(200);
  expect(await countsOf(agent)).toEqual([1, 0]);
  expect((await navigate(`${agent.url}/`)).status).toBe(302);
  expect(await countsOf(agent)).toEqual([1, 0]);
  for (const { id } of agent.pool.table.all()) agent.pool.end(id, 'deleted');
  await agent.warm(1);
  await new Reader().click(`${agent.url}/`);
  expect(await countsOf(agent)).toEqual([2, 1]);
  await until('the front has heard of it', async () =>
    JSON.stringify(await shown(front)).includes(':2,"late_total":1'),
  );
});
