// Standing in line at one front: the place, the held request, who is let in, and what a place is not.
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { waitingSchema } from '../../../shared/line/answer.ts';
import { nodeOfTicket, splitTicket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { until } from '../../support/until.ts';
import { Bench, bounce, type Front, SECRET, type TestNode } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const JSON_ONLY = { accept: 'application/json' };

async function fullFleet(flags: Readonly<Record<string, string>> = {}): Promise<[Front, TestNode]> {
  const front = await bench.front(flags);
  const node = await bench.node({ warm: 0, held: 8, node: 'n1' });
  await front.add(node);
  return [front, node];
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** As a program asks: a POST, or a GET with a place. */
async function ask(front: Front, path: string, method: 'GET' | 'POST' = 'GET'): Promise<Answer> {
  const answer = await request(`${front.url}${path}`, { method, headers: JSON_ONLY });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: text === '' ? {} : JSON.parse(text) };
}

/** Stands in line; returns the address that holds the place. */
async function standIn(front: Front, path: string): Promise<string> {
  const { status, body } = await ask(front, path, 'POST');
  expect(status).toBe(503);
  return waitingSchema.parse(body).again;
}

async function metric(front: Front, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${front.controlUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function ticketIn(location: unknown) {
  const { ticket = '' } = splitTicket(new URL(String(location)).search.slice(1));
  return verifyTicket(ticket, ticketKeys(nodeOfTicket(ticket) ?? '', SECRET), Date.now());
}

describe('a program at a full fleet', () => {
  test('gets a place, the time to expect, and the address that keeps it', async () => {
    const [front] = await fullFleet({ retryAfter: '7s' });
    const first = await ask(front, '/tree?x=%22', 'POST');
    expect(first.status).toBe(503);
    expect(first.body).toMatchObject({ status: 'full', code: 'no-room', place: 1, retry_after: 7 });
    expect(first.body.eta).toBeGreaterThan(0);
    expect(first.body.again).toMatch(/^\/tree\?x=%22&tmpfleet-place=[\w-]{48,49}$/);
    expect((await ask(front, '/tree', 'POST')).body).toMatchObject({ place: 2 });
    // A program that says that it reads JSON stands in line by GET, too; other requests do not.
    expect((await ask(front, '/tree')).body).toMatchObject({ place: 3 });
    const preview = await request(`${front.url}/tree`, { headers: { accept: '*/*' } });
    expect(await preview.body.json()).not.toHaveProperty('place');
  });

  test('is held with its place, and let in to the address as it came, without the place', async () => {
    const [front, node] = await fullFleet();
    const again = await standIn(front, '/a%20b?x=%22&y');
    const held = ask(front, again);
    await until('it is held', async () => (await metric(front, 'tmpfleet_line_waiting')) === 1);
    node.free();
    const { status, body } = await held;
    expect([status, body.status]).toEqual([200, 'admitted']);
    expect(String(body.location)).toMatch(
      new RegExp(`^${node.url}/a%20b\\?x=%22&y&ticket=[A-Za-z0-9._~-]+$`),
    );
    expect(ticketIn(body.location)).toMatchObject({ pressed: true, hops: 0 });
    expect(await metric(front, 'tmpfleet_line_readers_total', 'outcome="admitted"')).toBe(1);
    expect(await metric(front, 'tmpfleet_line_waiting')).toBe(0);
  });
});

describe('a place', () => {
  test('shown again at once gives the same ticket, for a reader whose answer was lost', async () => {
    const [front, node] = await fullFleet();
    const again = await standIn(front, '/tree');
    node.free();
    const first = await ask(front, again);
    const second = await ask(front, again);
    expect(second).toEqual(first);
    // One reader is on the way, however often they ask.
    expect(front.fleet.named('n1')?.redirects).toBe(1);
  });

  test('that a node sends back keeps its time of arrival, ahead of those who came later', async () => {
    const [front, node] = await fullFleet();
    const first = await standIn(front, '/first');
    const second = await standIn(front, '/second');
    node.free();
    const { body } = await ask(front, first);
    const { nonce = '' } = ticketIn(body.location) ?? {};
    // Another was quicker at the node.
    node.warm = 0;
    node.claims += 1;
    const heldSecond = ask(front, second);
    const returned = front.get(`/first?ticket=${bounce({ node: 'n1', nonce })}`, { accept: 'text/html' });
    await until('both are in line', async () => (await metric(front, 'tmpfleet_line_waiting')) === 2);
    node.free();
    const { headers } = await returned;
    expect(headers.get('location')).toContain(`${node.url}/first?ticket=`);
    await (await fetch(headers.get('location') ?? '')).arrayBuffer();
    node.free();
    expect((await heldSecond).body.status).toBe('admitted');
  });

  test('that is forged is left in no address, and its reader comes as one without', async () => {
    const [front, node] = await fullFleet();
    const again = await standIn(front, '/tree?x=1');
    const forged = again.replace(/.{4}$/, 'AAAA');
    expect((await ask(front, forged, 'POST')).body).toMatchObject({ place: 2 });
    node.free();
    node.free();
    node.free();
    const { headers } = await front.get(forged);
    expect(headers.get('location')).toContain(`${node.url}/tree?x=1&ticket=`);
  });

  test('of a front that was stopped counts at one that has started, and is charged to its client there once', async () => {
    const [front, node] = await fullFleet();
    const again = await standIn(front, '/tree');
    await front.close();
    const limits = { clientArrivals: '1/1h', exemptClients: '192.0.2.1' };
    const next = await bench.front({ nodes: node.url, ...limits });
    await until(
      'the node was polled',
      () => next.fleet.get(next.fleet.views().next().value?.member.id ?? '')?.stats !== undefined,
    );
    const held = ask(next, again);
    await until('it is held', async () => (await metric(next, 'tmpfleet_line_waiting')) === 1);
    // The one arrival of this client is used up by the place.
    expect((await ask(next, '/tree', 'POST')).status).toBe(429);
    node.free();
    expect((await held).body.status).toBe('admitted');
  });
});

describe('room', () => {
  test('belongs to those who wait: one who comes now gets it only if there is more', async () => {
    const [front, node] = await fullFleet();
    const again = await standIn(front, '/first');
    node.warm = 1;
    await until('the front knows', () => front.fleet.named('n1')?.stats?.available === 1);
    // The first in line is between two requests.
    expect((await front.get('/second')).status).toBe(503);
    expect((await ask(front, again)).body.status).toBe('admitted');
  });

  test('is not kept for one who does not ask any more', async () => {
    const [front, node] = await fullFleet();
    await standIn(front, '/gone');
    const again = await standIn(front, '/stays');
    const held = ask(front, again);
    node.free();
    // The turn of one who does not ask ends after some seconds.
    expect((await held).body.status).toBe('admitted');
  }, 30_000);

  test('of nodes that take no reader lets none in, and all keep their places', async () => {
    const [front, node] = await fullFleet();
    const again = await standIn(front, '/tree');
    node.state = 'cordoned';
    await until('the front knows', () => front.fleet.named('n1')?.stats?.fleet?.state === 'cordoned');
    const held = ask(front, again);
    node.warm = 1;
    node.state = 'ready';
    expect((await held).body.status).toBe('admitted');
  });
});

test('a front that stops answers those whom it holds, so that they can ask elsewhere', async () => {
  const [front] = await fullFleet();
  const again = await standIn(front, '/tree');
  const held = ask(front, again);
  await until('it is held', async () => (await metric(front, 'tmpfleet_line_waiting')) === 1);
  await front.close();
  expect(await held).toMatchObject({ status: 503, body: { place: 1 } });
});

test('the page holds the place in each of its addresses, works without scripts, and offers something meanwhile', async () => {
  const [front] = await fullFleet({ meanwhile: 'https://journal.example/a?b=1&c' });
  const answer = await front.get('/tree?x=1', { accept: 'text/html', 'accept-language': 'de' });
  expect(answer.headers.get('retry-after')).toBe('5');
  const page = await answer.text();
  const again = /data-again="([^"]*)"/.exec(page)?.[1];
  expect(again).toMatch(/^\/tree\?x=1&#38;tmpfleet-place=/);
  expect(page).toContain(`<noscript><meta http-equiv="refresh" content="3; url=${again}.wait"></noscript>`);
  expect(page).toContain(`id="again" href="${again}"`);
  expect(page).toContain('<html lang="de">');
  expect(page).toContain('<title>(1) Sie stehen in der Warteschlange</title>');
  expect(page).toContain(
    'href="https://journal.example/a?b=1&#38;c" target="_blank" rel="noopener noreferrer"',
  );
});
