// Seen: an order to a dead node was refused with 409, as if the node had refused; a node that answered an order without
// end filled the front's memory; HEAD /api/events never ended; a method that is not answered got plain text; and clients
// told errors apart by their sentences. Why: an error had no code, and an order's answer was read without a limit. Holds
// now: every error body has a stable code, a dead node is 502 `node-unreachable`, and every foreign body has a limit.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { errorSchema } from '../../shared/api/error.ts';
import { Bench, type Front, SECRET } from '../redirector/support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

async function refusal(front: Front, method: string, path: string, body?: object) {
  const answer = await fetch(front.controlUrl + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, code: errorSchema.parse(await answer.json()).code };
}

async function frontWith(url: string): Promise<Front> {
  const front = await bench.front({}, { secret: SECRET });
  const answer = await fetch(`${front.controlUrl}/api/nodes`, {
    ...{ method: 'POST', body: JSON.stringify({ url, id: 'other', probe: false }) },
  });
  expect(answer.status).toBe(201);
  return front;
}

test('an order to a node that does not answer is 502, for every order', async () => {
  const front = await frontWith('http://127.0.0.1:1');
  const dead = { status: 502, code: 'node-unreachable' };
  expect(await refusal(front, 'POST', '/api/nodes/other/cordon', { force: true })).toEqual(dead);
  expect(await refusal(front, 'DELETE', '/api/nodes/other/sandboxes/x')).toEqual(dead);
});

test('an answer to an order is read up to a limit', async () => {
  let sent = 0;
  const endless = createServer((_, response) => {
    const chunk = Buffer.alloc(64 * 1024, 32);
    const more = (): void => {
      do sent += chunk.length;
      while (response.write(chunk));
    };
    response.on('drain', more);
    response.on('error', () => response.destroy());
    more();
  }).listen(0, '127.0.0.1');
  await once(endless, 'listening');
  try {
    const { port } = endless.address() as AddressInfo;
    const front = await frontWith(`http://127.0.0.1:${port}`);
    expect(await refusal(front, 'POST', '/api/nodes/other/cordon', { force: true })).toEqual({
      ...{ status: 502, code: 'bad-report' },
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  } finally {
    endless.closeAllConnections();
    endless.close();
  }
});

test('HEAD /api/events answers with the headers of the stream', async () => {
  const front = await bench.front();
  const answer = await fetch(`${front.controlUrl}/api/events`, {
    ...{ method: 'HEAD', signal: AbortSignal.timeout(5_000) },
  });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    ...[200, 'text/event-stream; charset=utf-8'],
  ]);
});

test('an unknown path, an unknown node and an unsupported method have codes of their own', async () => {
  const front = await bench.front();
  expect(await refusal(front, 'GET', '/api/nowhere')).toEqual({ status: 404, code: 'no-such-path' });
  expect(await refusal(front, 'GET', '/api/nodes/nowhere')).toEqual({ status: 404, code: 'not-found' });
  expect(await refusal(front, 'PUT', '/api/nodes')).toEqual({ status: 405, code: 'method-not-allowed' });
});
