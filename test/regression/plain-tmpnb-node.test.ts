// The README said that a plain tmpnb can be a node, but tmpnb answers `/stats` with `301 Location: /api/stats`, and neither
// the poll nor `node add` followed: "it answers 301 where its report should be". tmpnb itself cannot run here (its Docker API
// is too old), so this is a stand-in that follows its orchestrate.py.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { Bench, post, sendJson } from '../redirector/support.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

interface Tmpnb {
  readonly url: string;
  /** Paths requested by GET, but for its reports. */
  readonly visits: string[];
}

async function tmpnb(capacity: number): Promise<Tmpnb> {
  const visits: string[] = [];
  let taken = 0;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url ?? '/';
    const [path = '/'] = url.split('?');
    if (path === '/stats') response.writeHead(301, { location: '/api/stats' }).end();
    else if (path === '/api/stats') {
      const stats = { available: capacity - taken, capacity, version: '0.1.0' };
      sendJson(response, 200, { ...stats, container_image: 'jupyter/minimal' });
    } else if (/^\/api\/spawn\/?$/.test(path) && request.method === 'POST') {
      if (taken === capacity) sendJson(response, 429, { status: 'full' });
      else {
        taken += 1;
        sendJson(response, 200, { url: `/user/pool-${taken}` });
      }
    } else {
      visits.push(url);
      taken = Math.min(capacity, taken + 1);
      response.writeHead(302, { location: `/user/pool-${taken}${url}` }).end();
    }
  };
  const { url } = await bench.server(handle);
  return { url, visits };
}

describe('a plain tmpnb, which redirects /stats to /api/stats,', () => {
  test('passes `node add`, is polled, and gets readers with their path and query and without a ticket', async () => {
    const node = await tmpnb(2);
    const front = await bench.front();
    const added = await post(`${front.controlUrl}/api/nodes`, { url: node.url });
    expect([added.status, await added.json()]).toEqual([
      201,
      expect.objectContaining({ plain: true, capacity: 2, image: 'jupyter/minimal' }),
    ]);
    const location = (await front.get('/notebooks/a.ipynb?token=abc&x=1')).headers.get('location') ?? '';
    expect(location).toBe(`${node.url}/notebooks/a.ipynb?token=abc&x=1`);
    await fetch(location, { redirect: 'manual' });
    expect(node.visits).toContain('/notebooks/a.ipynb?token=abc&x=1');
    await until('a poll has seen the slot taken', async () => (await front.stats()).available === 1);
  });

  test('gives both of its two slots to programs, and then reports that it is full', async () => {
    const node = await tmpnb(2);
    const front = await bench.front();
    await front.add(node);
    const answers = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await post(`${front.url}/api/spawn`);
      answers.push([answer.status, await answer.json()]);
      // A report that includes the sandbox must not count it twice, as a reader on their way too.
      const left = Math.max(0, 1 - turn);
      await until('a poll has seen the slot taken', async () => (await front.stats()).available === left);
    }
    expect(answers.slice(0, 2)).toEqual([
      [200, { url: `${node.url}/user/pool-1` }],
      [200, { url: `${node.url}/user/pool-2` }],
    ]);
    expect(answers[2]).toEqual([429, expect.objectContaining({ status: 'full' })]);
  });

  test('is refused by `node add` where it redirects to another origin', async () => {
    const elsewhere = await tmpnb(2);
    const node = await bench.server((_, response) =>
      response.writeHead(301, { location: `${elsewhere.url}/api/stats` }).end(),
    );
    const front = await bench.front();
    const added = await post(`${front.controlUrl}/api/nodes`, { url: node.url });
    expect([added.status, await added.json()]).toEqual([
      422,
      expect.objectContaining({ message: expect.stringContaining(`which is not at ${node.url}`) }),
    ]);
  });
});
