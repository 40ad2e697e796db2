// Which requests to a node claim a sandbox: by who asks, and by what their ticket says.
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newNonce } from '../../../shared/clock.ts';
import { signTicket, splitTicket, type Ticket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';

const SECRET = 'a-secret-of-the-fleet';
const FRAME = {
  ...{ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' },
  accept: 'text/html',
};

let agent: TestAgent;
beforeEach(async () => {
  agent = await startAgent({ secret: SECRET, frontUrl: 'http://127.0.0.1:1' });
  await agent.warm(2);
});
afterEach(() => agent.close());

const ticket = (changes: Partial<Ticket> = {}): string =>
  signTicket(
    {
      ...{ redirector: 'r', boot: 'b', node: 'node1', epoch: 7, nonce: newNonce(), tried: [], hops: 0 },
      expires: Date.now() + 30_000,
      ...changes,
    },
    ticketKeys(changes.node ?? 'node1', SECRET),
  );
const held = (): number => agent.pool.status().held;

async function ask(path: string, headers: Record<string, string>, method: 'GET' | 'POST' | 'HEAD' = 'GET') {
  const answer = await request(`${agent.url}${path}`, { method, headers });
  const location = String(answer.headers.location ?? '');
  return { status: answer.statusCode, location, body: await answer.body.text() };
}

test('a link preview shows the address at the front, without a ticket', async () => {
  const { status, body } = await ask(`/tree?x="1&ticket=${ticket()}&y`, { accept: 'text/html' });
  expect(status).toBe(200);
  const address = 'http://127.0.0.1:1/tree?x=%221&#38;y';
  expect(body).toContain(
    `<meta property="og:url" content="${address}"><link rel="canonical" href="${address}">`,
  );
});

describe('a frame of another site', () => {
  test('claims nothing, with or without an ordinary ticket, and shows a button', async () => {
    for (const path of ['/tree', `/tree?ticket=${ticket()}`]) {
      const answer = await ask(path, FRAME);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain('<button>');
      expect(answer.body).not.toContain('requestSubmit');
    }
    expect(held()).toBe(0);
  });

  test('claims at once with a ticket that says that its reader has pressed the button', async () => {
    const { status, location } = await ask(`/tree?x=1&ticket=${ticket({ pressed: true })}`, FRAME);
    const marked = /^\/user\/[0-9a-f]+\/tree\?x=1&tmpfleet-arrival=[0-9a-f]{32}$/;
    expect([status, location]).toEqual([302, expect.stringMatching(marked)]);
    expect(held()).toBe(1);
  });

  test('claims nothing with such a ticket for another node, or a forged one', async () => {
    const forged = ticket().replace('~0~0', '~0p~0');
    for (const text of [ticket({ pressed: true, node: 'node2' }), forged]) {
      expect((await ask(`/tree?ticket=${text}`, FRAME)).status).toBe(200);
    }
    expect(held()).toBe(0);
  });

  test('whose reader finds no room goes back to the front with a ticket that says that they pressed', async () => {
    for (let slot = 0; slot < 2; slot += 1) await ask(`/tree?ticket=${ticket({ pressed: true })}`, FRAME);
    const { status, location } = await ask(`/tree?ticket=${ticket({ pressed: true })}`, FRAME);
    const back = splitTicket(new URL(location).search.slice(1)).ticket ?? '';
    expect(status).toBe(302);
    expect(verifyTicket(back, ticketKeys('node1', SECRET), Date.now())).toMatchObject({
      tried: ['node1'],
      pressed: true,
    });
  });
});

test('a prefetch and a HEAD claim nothing, even with a ticket that says pressed', async () => {
  const path = `/tree?ticket=${ticket({ pressed: true })}`;
  await ask(path, { ...FRAME, 'sec-purpose': 'prefetch' });
  await ask(path, FRAME, 'HEAD');
  expect(held()).toBe(0);
});

test('a POST from a page of another origin claims nothing, nor does POST /api/spawn', async () => {
  for (const headers of [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    expect((await ask('/tree', headers, 'POST')).status).toBe(200);
    const spawned = await ask('/api/spawn', headers, 'POST');
    expect([spawned.status, JSON.parse(spawned.body)]).toMatchObject([403, { code: 'forbidden' }]);
  }
  expect(held()).toBe(0);
  expect((await ask('/tree', { 'sec-fetch-site': 'same-origin', origin: agent.url }, 'POST')).status).toBe(
    303,
  );
  expect(held()).toBe(1);
});
