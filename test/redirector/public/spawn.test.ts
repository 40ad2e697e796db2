// POST /api/spawn at the front: one sandbox for a program, from any node that has one.
import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { Bench, type Front, sendJson, type TestNode } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const spawn = (front: Front, init: RequestInit = {}, path = '/api/spawn'): Promise<Response> =>
  fetch(`${front.url}${path}`, { method: 'POST', ...init });

/** Every request but polls. */
function record(node: TestNode): readonly IncomingMessage[] {
  const requests: IncomingMessage[] = [];
  node.override = (request) => {
    if (request.url !== '/stats') requests.push(request);
    return false;
  };
  return requests;
}

describe('POST /api/spawn', () => {
  test('gives an absolute address, however tmpnb’s and thebe’s clients send it', async () => {
    const front = await bench.front();
    const node = await bench.node({ node: 'n1' });
    await front.add(node);
    const ways: readonly [string, RequestInit][] = [
      ['/api/spawn', {}],
      ['/api/spawn/', {}],
      ['/api/spawn/', { body: '{"image_name":"x"}' }],
      ['/api/spawn', { body: '', headers: { 'content-type': 'application/json' } }],
      ['/api/spawn/', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ];
    for (const [index, [path, init]] of ways.entries()) {
      const answer = await spawn(front, init, path);
      expect([answer.status, await answer.json()]).toEqual([
        200,
        { url: `${node.url}/user/n1-${index + 1}/` },
      ]);
    }
  });

  test('sends the caller’s authorization, and a ticket that the node counts', async () => {
    const front = await bench.front();
    const node = await bench.node();
    const requests = record(node);
    await front.add(node);
    await spawn(front, { headers: { authorization: 'token abc' } });
    expect(requests[0]?.headers.authorization).toBe('token abc');
    expect(requests[0]?.url).toMatch(/^\/api\/spawn\?ticket=/);
    await until('the node’s report counts it', () =>
      [...front.fleet.views()].some(({ stats }) => Object.keys(stats?.fleet?.seen ?? {}).length === 1),
    );
  });

  test('fifty at once on two nodes of eight: 16 times 200, 34 times 429 with Retry-After', async () => {
    const front = await bench.front();
    await front.add(await bench.node(), await bench.node());
    const answers = await Promise.all(Array.from({ length: 50 }, () => spawn(front)));
    const good = answers.filter(({ status }) => status === 200);
    const full = answers.filter(({ status }) => status === 429);
    expect([good.length, full.length]).toEqual([16, 34]);
    for (const answer of full) {
      expect(answer.headers.get('retry-after')).toBe('5');
      expect(await answer.json()).toMatchObject({ status: 'full' });
    }
    const urls = await Promise.all(good.map(async (answer) => JSON.stringify(await answer.json())));
    expect(new Set(urls).size).toBe(16);
  });

  for (const [what, fail] of [
    ['full', (_: IncomingMessage, response) => sendJson(response, 429, { status: 'full' })],
    ['broken', (_: IncomingMessage, response) => sendJson(response, 500, {})],
    ['talking nonsense', (_: IncomingMessage, response) => sendJson(response, 200, { url: 7 })],
    ['hanging up', (request: IncomingMessage) => request.socket.destroy()],
    ['redirecting', (_: IncomingMessage, response) => response.writeHead(302, { location: '/x' }).end()],
  ] satisfies readonly (readonly [
    string,
    (request: IncomingMessage, response: Parameters<typeof sendJson>[0]) => unknown,
  ])[]) {
    test(`passes over a node that is ${what}`, async () => {
      const front = await bench.front();
      const bad = await bench.node({ warm: 1_000, capacity: 1_000 });
      const good = await bench.node({ node: 'good' });
      bad.override = (request, response) => {
        if (request.url === '/stats') return false;
        fail(request, response);
        return true;
      };
      await front.add(bad, good);
      const answer = await spawn(front);
      expect([answer.status, await answer.json()]).toEqual([200, { url: `${good.url}/user/good-1/` }]);
    });
  }

  test('passes over a node that has just died', async () => {
    const front = await bench.front({ pollInterval: '30s' });
    const dead = await bench.node({ warm: 1_000, capacity: 1_000 });
    const good = await bench.node();
    await front.add(dead, good);
    await dead.close();
    expect((await spawn(front)).status).toBe(200);
  });

  for (const status of [401, 403]) {
    test(`hands a node’s ${status} to the caller, whose token it is`, async () => {
      const front = await bench.front();
      for (const node of [await bench.node(), await bench.node()]) {
        node.override = (request, response) => {
          if (request.url === '/stats') return false;
          sendJson(response, status, {});
          return true;
        };
        await front.add(node);
      }
      expect((await spawn(front)).status).toBe(status);
    });
  }

  test('is a 503 when no node answers', async () => {
    const front = await bench.front();
    const none = await spawn(front);
    expect([none.status, await none.json()]).toMatchObject([503, { code: 'no-nodes' }]);
    const node = await bench.node();
    await front.add(node);
    await node.close();
    await until('the front knows', () =>
      [...front.fleet.views()].every(({ reachability }) => reachability === 'unreachable'),
    );
    const answer = await spawn(front);
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { code: 'no-node-answers', message: 'no node answers' },
    ]);
  });

  test('is a 503, not a 429, when every node failed: none of them is full', async () => {
    const front = await bench.front();
    for (const node of [await bench.node(), await bench.node()]) {
      node.override = (request, response) => {
        if (request.url === '/stats') return false;
        sendJson(response, 500, {});
        return true;
      };
      await front.add(node);
    }
    const answer = await spawn(front);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  });

  test('sends the caller’s body', async () => {
    const front = await bench.front();
    const node = await bench.node();
    let body = '';
    node.override = (request, response) => {
      if (request.url === '/stats') return false;
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => sendJson(response, 200, { url: '/user/x/' }));
      return true;
    };
    await front.add(node);
    await spawn(front, { body: '{"image_name":"x"}' });
    expect(body).toBe('{"image_name":"x"}');
    expect((await spawn(front, { body: 'x'.repeat(100_000) })).status).toBe(413);
  });

  test('gives an address below the node’s own path, and never one elsewhere', async () => {
    const front = await bench.front();
    let url = '/user/x/';
    const node = await bench.server((request, response) => {
      if (request.method === 'GET') response.end('{"available":10,"capacity":10}');
      else sendJson(response, 200, { url });
    });
    await front.add({ url: `${node.url}/deep/` });
    expect(await (await spawn(front)).json()).toEqual({ url: `${node.url}/deep/user/x/` });
    for (url of ['//evil.example/', 'https://evil.example/', 'javascript:alert(1)', '/\\evil.example']) {
      expect((await spawn(front)).status).toBe(503);
    }
  });

  test('gives the address of a sandbox with a host name of its own, and one to open there, but no other', async () => {
    const front = await bench.front();
    const url = 'https://abc.node7.example.org:8443/user/abc/';
    let answer: object = {
      url,
      token: 'a-key',
      open: 'https://abc.node7.example.org:8443/.tmpfleet/open/1/',
    };
    const node = await bench.server((request, response) => {
      if (request.method === 'GET') response.end('{"available":10,"capacity":10}');
      else sendJson(response, 200, answer);
    });
    await front.add({ url: node.url });
    expect(await (await spawn(front)).json()).toEqual(answer);
    for (answer of [
      { url: 'https://evil.example/user/abc/' },
      { url: 'https://abc.node7.example.org/elsewhere' },
      { url: 'https://abc@node7.example.org/user/abc/' },
      { url, open: 'https://evil.example/.tmpfleet/open/1/' },
      { url: '/user/abc/', open: 'https://evil.example/' },
    ]) {
      expect((await spawn(front)).status).toBe(503);
    }
  });

  test('accepts no other method', async () => {
    const front = await bench.front();
    const answer = await front.get('/api/spawn');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  test('carries CORS headers on success and on refusal', async () => {
    const front = await bench.front({ allowOrigin: '*' });
    await front.add(await bench.node({ warm: 1, capacity: 1 }));
    for (const status of [200, 429]) {
      const answer = await spawn(front);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, '*']);
    }
  });
});
