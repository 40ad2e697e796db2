// What a stolen node, or a hostile image, can do with the front's canary: neither lead it anywhere else, nor keep the front busy.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { findNode } from '../../redirector/nodes/fleet.ts';
import { newNonce } from '../../shared/clock.ts';
import { Bench, type Handle, SECRET, sendJson, type TestNode } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

test.each(['a redirect', 'a form'])('the canary is led to no other listener by %s of a node', async (by) => {
  let asked = 0;
  const elsewhere = await bench.server((_, response) => {
    asked += 1;
    response.end();
  });
  const node = await bench.node({ node: 'n1', warm: 4 });
  const target = `${elsewhere.url}/api/nodes/n2/drain`;
  let visits = 0;
  node.override = (request, response) => {
    const stats = node.stats();
    if (request.url === '/stats') {
      sendJson(response, 200, { ...stats, fleet: { ...stats.fleet, canary: true } });
      return true;
    }
    if (request.method !== 'GET') return false;
    visits += 1;
    if (by === 'a redirect') response.writeHead(307, { location: target }).end();
    else
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(
          `<form method="post" action="${target}"><button>x</button></form><p role="status" data-asked="x">`,
        );
    return true;
  };
  const front = await bench.front({ canaryEvery: '1s' });
  await front.add(node);
  await until('it was there twice', () => visits >= 2);
  expect(asked).toBe(0);
  const metrics = await (await fetch(`${front.controlUrl}/metrics`)).text();
  expect(metrics).toMatch(/^tmpfleet_canary_failing\{[^}]*\} 1$/m);
});

const NODE = 'n1';

/** A node that says that it knows a canary, and answers it so. */
async function openNode(answer: Handle): Promise<TestNode> {
  const node = await bench.node({ node: NODE, warm: 4 });
  node.override = (request, response) => {
    const stats = node.stats();
    if (request.url === '/stats')
      sendJson(response, 200, { ...stats, fleet: { ...stats.fleet, canary: true } });
    else if (request.method !== 'GET') return false;
    else answer(request, response);
    return true;
  };
  return node;
}

test('a page that is made for it to be read for ever does not hold up the front', async () => {
  let visits = 0;
  const page = '<form method="post" action=""><button>'.repeat(25_000);
  const node = await openNode((_, response) => {
    visits += 1;
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  });
  const front = await bench.front({ canaryEvery: '1s' });
  const stalls = monitorEventLoopDelay();
  stalls.enable();
  await front.add(node);
  await until('it was there twice', () => visits >= 2);
  // Reading it took three seconds, and one of sixteen megabytes would have taken a quarter of an hour.
  expect(stalls.max / 1e6).toBeLessThan(2_000);
});

test('a kernel that talks without end is left at once', async () => {
  const flood = join(tmpdir(), `tmpfleet-flood-${newNonce()}`);
  writeFileSync(flood, 'flood');
  onTestFinished(() => rmSync(flood));
  const server = fileURLToPath(new URL('../support/kernel-server.mjs', import.meta.url));
  const command = `${process.execPath} ${server} /{base_path}/ {ip} {port} ${flood}`;
  const given = { nodeId: NODE, capacity: '4', warm: '2', command };
  const agent = bench.keep(await startAgent(given, { TMPFLEET_SECRET: SECRET }));
  await agent.warm(2);
  const front = await bench.front({ canaryEvery: '1s' });
  await front.add(agent);
  await until('it failed', () => findNode(front.fleet, NODE).canary?.isFailing === true);
  expect(findNode(front.fleet, NODE).canary?.reason).toContain('says more than was asked for');
  await until('its sandbox has ended', () => agent.pool.status().held === 0);
});

test('a node that never answers it does not hold up the end of the front', async () => {
  let visits = 0;
  const node = await openNode(() => {
    visits += 1;
  });
  const front = await bench.front({ canaryEvery: '1s' });
  await front.add(node);
  await until('it is there', () => visits > 0);
  const began = performance.now();
  await front.close();
  // Its patience with an answer is thirty seconds.
  expect(performance.now() - began).toBeLessThan(20_000);
});
