// A node-agent at `http://host/node7`, behind a proxy that strips the path, passed every check of `node add`: its report is
// found there. Each reader who was sent to it got 404 and cost a sandbox, because the node's own redirects begin at the root
// of the host. It is refused now, and one that was listed without a check gets no reader and says why. A plain tmpnb may be
// below a path.
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Bench, post, sendJson, TestNode } from '../redirector/support.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const listSchema = z.object({
  nodes: z.array(z.object({ reachability: z.string(), unreachable_reason: z.string().nullable() })),
});

/** @param plain without our part of the report */
async function belowAPath(plain: boolean): Promise<string> {
  const node = new TestNode({ plain });
  const { url } = await bench.server((request, response) => {
    if (request.url === '/node7/stats') sendJson(response, 200, node.stats());
    else response.writeHead(404).end();
  });
  return `${url}/node7`;
}

test('`node add` refuses it, and says what to give it', async () => {
  const front = await bench.front();
  const answer = await post(`${front.controlUrl}/api/nodes`, { url: await belowAPath(false) });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({
    code: 'not-a-node',
    message: expect.stringMatching(/below \/node7, .*: give it a host name or a port of its own/),
  });
});

test('listed without a check, it gets no reader, and the list of nodes says why', async () => {
  const front = await bench.front();
  const added = await post(`${front.controlUrl}/api/nodes`, { url: await belowAPath(false), probe: false });
  expect(added.status).toBe(201);
  const [node] = await until('it was polled', async () => {
    const { nodes } = listSchema.parse(await (await fetch(`${front.controlUrl}/api/nodes`)).json());
    return nodes[0]?.reachability === 'unreachable' ? nodes : undefined;
  });
  expect(node?.unreachable_reason).toMatch(/below \/node7/);
  expect((await front.get('/notebooks/a.ipynb')).status).toBe(503);
});

test('a plain tmpnb may be there', async () => {
  const front = await bench.front();
  const url = await belowAPath(true);
  expect((await post(`${front.controlUrl}/api/nodes`, { url })).status).toBe(201);
  expect((await front.get('/notebooks/a.ipynb')).headers.get('location')).toBe(`${url}/notebooks/a.ipynb`);
});
