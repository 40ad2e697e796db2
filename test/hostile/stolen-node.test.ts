// A node whose host was taken over has its node key, and forges nothing for other nodes or the front with that.
import { createHmac, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { newNonce } from '../../shared/clock.ts';
import { formatNodeKey, parseNodeKey } from '../../shared/protocol/node-key.ts';
import { ORDER_PATH, SIGNATURE_HEADER, signOrder } from '../../shared/protocol/order.ts';
import { nodeOfTicket, signTicket, splitTicket, verifyTicket } from '../../shared/protocol/ticket.ts';
import { Bench, bounce, SECRET } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { orderKey, ticketKeys } from '../support/fleet-keys.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const node = async (nodeId: string, flags: Record<string, string | boolean> = {}): Promise<TestAgent> => {
  const env = { TMPFLEET_NODE_KEY: formatNodeKey([SECRET], nodeId) };
  return bench.keep(await startAgent({ nodeId, capacity: '1', ...flags }, env));
};

const drain = (target: string): string =>
  JSON.stringify({
    order: 'drain',
    node: target,
    deadline: 0,
    nonce: newNonce(),
    expires: Date.now() + 30_000,
  });

async function order({ url }: TestAgent, body: string, signature: string): Promise<number> {
  const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: signature };
  const answer = await request(url + ORDER_PATH, { method: 'POST', body, headers });
  await answer.body.dump();
  return answer.statusCode;
}

/** With everything that the host of `stolen` holds. */
const stolenKeys = (): readonly KeyObject[] => {
  const { tickets, orders } = parseNodeKey(formatNodeKey([SECRET], 'stolen'), 'stolen');
  return [...tickets, ...orders];
};

test('a stolen node’s key signs no order for another node, nor for itself', async () => {
  const other = await node('other');
  for (const target of ['other', 'stolen']) {
    const body = drain(target);
    for (const key of stolenKeys()) {
      const bytes = key.type === 'public' ? String(key.export({ format: 'jwk' }).x) : key.export();
      for (const text of [body, `tmpfleet order 1\n${body}`]) {
        const mac = createHmac('sha256', bytes).update(text).digest('base64url');
        expect(await order(other, body, mac)).toBe(403);
      }
      // A secret key taken for the seed of a private one.
      if (key.type === 'secret') {
        const forged = sign(null, Buffer.from(`tmpfleet order 1\n${body}`), orderKey(String(key.export())));
        expect(await order(other, body, forged.toString('base64url'))).toBe(403);
      }
    }
  }
  expect((await request(`${other.url}/stats`)).statusCode).toBe(200);
  expect(other.pool.status().held + other.pool.status().removing).toBe(0);
  // What the front signs is obeyed.
  const body = drain('other');
  expect(await order(other, body, signOrder(body, orderKey(SECRET)))).toBe(200);
});

test('an order that a stolen node was sent is refused by another node', async () => {
  const other = await node('other');
  const body = drain('stolen');
  expect(await order(other, body, signOrder(body, orderKey(SECRET)))).toBe(403);
});

test('an order is not carried out again after a restart of the agent', async () => {
  const first = await startAgent(
    { nodeId: 'other', capacity: '1', ephemeral: false },
    { TMPFLEET_NODE_KEY: formatNodeKey([SECRET], 'other') },
  );
  const { dataDir } = first;
  const body = JSON.stringify({
    ...{ order: 'cordon', node: 'other', nonce: newNonce(), expires: Date.now() + 100_000 },
  });
  const signature = signOrder(body, orderKey(SECRET));
  try {
    expect(await order(first, body, signature)).toBe(200);
    expect(await order(first, body, signature)).toBe(403);
  } finally {
    await first.stop();
  }
  const again = await node('other', { dataDir });
  expect(await order(again, body, signature)).toBe(403);
  expect(Object.keys(JSON.parse(readFileSync(join(dataDir, 'orders.json'), 'utf8')))).toHaveLength(1);
});

test('a stolen node’s key signs no ticket that another node takes', async () => {
  const other = await node('other', { requireTicket: true });
  await other.warm(1);
  const ticket = {
    ...{ redirector: 'r', boot: 'b', node: 'other', epoch: 7, nonce: newNonce(), tried: [], hops: 0 },
    expires: Date.now() + 30_000,
  };
  const click = async (keys: readonly KeyObject[]): Promise<number> => {
    const headers = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };
    const answer = await request(`${other.url}/tree?ticket=${signTicket(ticket, keys)}`, { headers });
    await answer.body.dump();
    return answer.statusCode;
  };
  expect(await click(ticketKeys('stolen', SECRET))).toBe(403);
  expect(other.pool.status().held).toBe(0);
  expect(await click(ticketKeys('other', SECRET))).toBe(302);
});

test('a stolen node’s bounces close no other node, and name no other node as tried', async () => {
  const front = await bench.front({ pollInterval: '30s' });
  await front.add(
    await bench.node({ node: 'stolen', warm: 1, capacity: 1 }),
    await bench.node({ node: 'other' }),
  );
  const expires = Date.now() + 20_000;
  const ticket = { redirector: 'r', boot: 'b', epoch: 7, nonce: newNonce(), expires };
  const forged = [
    signTicket({ ...ticket, node: 'other', tried: ['other'], hops: 1 }, ticketKeys('stolen', SECRET)),
    signTicket(
      { ...ticket, node: 'stolen', tried: ['other', 'stolen'], hops: 2 },
      ticketKeys('stolen', SECRET),
    ),
    signTicket({ ...ticket, node: 'stolen', tried: ['other'], hops: 1 }, ticketKeys('stolen', SECRET)),
  ];
  const ticketAfter = async (text: string) => {
    const location = new URL((await front.get(`/?ticket=${text}`)).headers.get('location') ?? '');
    const { ticket: next = '' } = splitTicket(location.search.slice(1));
    return verifyTicket(next, ticketKeys(nodeOfTicket(next) ?? '', SECRET), Date.now());
  };
  for (const text of forged) expect(await ticketAfter(text)).toMatchObject({ tried: [], hops: 0 });
  // Its own bounces count, for itself.
  const own = bounce({ node: 'stolen', tried: ['stolen'] });
  expect(await ticketAfter(own)).toMatchObject({ node: 'other', tried: ['stolen'], hops: 1 });
});

test('a node that calls itself another one is not added', async () => {
  const front = await bench.front();
  const impostor = await bench.server((request_, response) => {
    if (request_.url === '/stats') {
      const { node: _, ...rest } = report.fleet;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...report, fleet: { ...rest, node: 'other' } }));
      return;
    }
    // It answers a probe with all it has: its own key.
    let text = '';
    request_.on('data', (chunk) => {
      text += chunk;
    });
    request_.on('end', () => {
      const { nonce } = JSON.parse(text);
      const body = JSON.stringify({ nonce, node: 'other', clock: Date.now(), ready: true, front: '' });
      const [key] = ticketKeys('stolen', SECRET);
      if (key === undefined) throw new TypeError('no key');
      const mac = createHmac('sha256', key)
        .update('tmpfleet probe answer 2\n')
        .update(body)
        .digest('base64url');
      response.writeHead(200, { [SIGNATURE_HEADER]: mac }).end(body);
    });
  });
  const genuine = await node('other');
  await genuine.warm(1);
  const report = JSON.parse(await (await request(`${genuine.url}/stats`)).body.text());
  const add = async (url: string) => {
    const answer = await fetch(`${front.controlUrl}/api/nodes`, {
      method: 'POST',
      body: JSON.stringify({ url }),
    });
    return { status: answer.status, body: await answer.text() };
  };
  const refused = await add(impostor.url);
  expect(refused).toMatchObject({ status: 422, body: expect.stringContaining('wrong-secret') });
  await until('the genuine node is added', async () => (await add(genuine.url)).status === 201);
});
