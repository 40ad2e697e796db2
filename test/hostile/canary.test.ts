// What a stolen node can do with the front's canary: not lead it anywhere else.
import { afterEach, expect, test } from 'vitest';
import { Bench, sendJson } from '../redirector/support.ts';
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
