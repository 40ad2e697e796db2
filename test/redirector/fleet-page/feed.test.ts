// The page's events: which events which client gets, and that a client that does not read costs nothing.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Feed } from '../../../redirector/fleet-page/feed.ts';
import type { FleetEvent } from '../../../shared/api/event.ts';
import { until } from '../../support/until.ts';
import { Bench, type Front } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

interface Stream {
  readonly status: number;
  /** Everything received so far. */
  text(): string;
  events(): readonly FleetEvent[];
}

/** Reads until the test is over. */
async function follow(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/api/events',
): Promise<Stream> {
  const asked = httpRequest(`${url}${path}`, { headers, agent: false });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  answer.on('error', () => undefined);
  bench.keep({ close: async () => void asked.destroy() });
  return {
    status: answer.statusCode ?? 0,
    text: () => text,
    events: () =>
      [...text.matchAll(/^data: (.*)\n\n/gm)].map(([, data = '']) => JSON.parse(data) as FleetEvent),
  };
}

/** Sends a request and never reads the answer. */
function ignore(url: string): Socket {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  bench.keep({ close: async () => void socket.destroy() });
  return socket;
}

async function twoNodes(flags: Readonly<Record<string, string>> = {}) {
  const front: Front = await bench.front(flags);
  const one = await bench.node({ node: 'one', warm: 3, capacity: 8 });
  const other = await bench.node({ node: 'other', warm: 5, capacity: 8 });
  await front.add(one, other);
  return { front, one, other };
}

describe('GET /api/events', () => {
  test('begins with all nodes, and goes on with those that changed', async () => {
    const { front, one, other } = await twoNodes();
    const { status, events } = await follow(front.controlUrl);
    expect(status).toBe(200);
    const [first] = await until('the first has come', () => (events().length > 0 ? events() : undefined));
    expect(first?.whole).toBe(true);
    expect(first?.nodes.map(({ url }) => url)).toEqual([one.url, other.url]);
    expect(first?.nodes[0]).toMatchObject({
      ...{ reachability: 'reachable', state: 'ready', plain: false, capacity: 8, unreachable_reason: null },
      slots: { held: 0, warm: 3, starting: 0, removing: 0, free: 5 },
    });
    // The first event after that may have both once more: none was sent before.
    await until('a second has come', () => events().length > 1);
    other.warm = 4;
    const news = await until('an event has the change', () =>
      events().find(({ nodes }) => nodes.some(({ slots }) => slots.warm === 4)),
    );
    expect(news.whole).toBe(false);
    expect(news.nodes.map(({ url }) => url)).toEqual([other.url]);
    expect(Object.keys(news.report_age_seconds)).toHaveLength(2);
  });

  test('reports removed nodes, plain nodes, and the reason why a node is unreachable', async () => {
    const { front, one, other } = await twoNodes();
    const { events } = await follow(front.controlUrl);
    const plain = await bench.node({ plain: true, warm: 6, capacity: 8 });
    await front.add(plain);
    await until('an event has the plain node', () =>
      events().some(({ nodes }) => nodes.some((row) => row.plain && row.slots.held === 2)),
    );
    const id = [...front.fleet.views()].find(({ member }) => member.url === one.url)?.member.id ?? '';
    await fetch(`${front.controlUrl}/api/nodes/${id}`, { method: 'DELETE' });
    await until('an event says that it was removed', () =>
      events().some(({ removed }) => removed.includes(id)),
    );
    other.override = (_request, response) => {
      response.end('{"available":"<b>many</b>"}');
      return true;
    };
    await until('an event has the reason', () =>
      events().some(({ nodes }) =>
        nodes.some(
          ({ reachability, unreachable_reason: reason }) =>
            reachability === 'unreachable' && reason?.includes('<b>many</b>'),
        ),
      ),
    );
  });

  test('asks for the token in a header, and takes it nowhere else', async () => {
    const { front } = await twoNodesWithToken();
    expect((await follow(front.controlUrl)).status).toBe(401);
    expect((await follow(front.controlUrl, {}, `/api/events?token=${TOKEN}`)).status).toBe(401);
    expect((await follow(front.controlUrl, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await fetch(`${front.controlUrl}/api/history`)).status).toBe(401);
    const page = await fetch(`${front.controlUrl}/fleet`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
    expect(await page.text()).not.toContain('127.0.0.1');
  });

  test('refuses pages of other origins, though a link to the page itself may be followed', async () => {
    const { front } = await twoNodes();
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await follow(front.controlUrl, headers)).status).toBe(403);
    expect((await follow(front.controlUrl, headers, '/api/history')).status).toBe(403);
    expect((await follow(front.controlUrl, headers, '/fleet')).status).toBe(200);
  });

  test('ends when the redirector stops', async () => {
    const { front } = await twoNodes();
    const socket = connect(Number(new URL(front.controlUrl).port), '127.0.0.1').resume();
    const ended = once(socket, 'close');
    socket.write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(socket, 'data');
    await front.close();
    await ended;
  });
});

test('GET / is the page for a browser, and JSON for other clients', async () => {
  const front = await bench.front();
  const html = await fetch(`${front.controlUrl}/`, { headers: { accept: 'text/html,*/*;q=0.8' } });
  expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(html.headers.get('vary')).toBe('Accept');
  const json = await (await fetch(`${front.controlUrl}/`)).json();
  expect(json).toMatchObject({ program: 'tmpfleet redirector' });
});

const TOKEN = 'a-token-of-the-fleet-page';
const twoNodesWithToken = async () => ({ front: await bench.front({ controlToken: TOKEN }) });

/** A feed behind a real server, with the server's ends of its connections. */
async function serveFeed(whole: () => object) {
  const feed = new Feed({ whole });
  const responses: ServerResponse[] = [];
  const server = await bench.server((_request, response) => {
    responses.push(response);
    try {
      feed.join(response);
    } catch (error) {
      response.writeHead(503).end(String(error));
    }
  });
  return { feed, responses, url: server.url };
}

describe('the feed', () => {
  test('keeps at most one event for a client that never reads, then drops it; others miss nothing', async () => {
    const big = (number: number): object => ({ number, padding: 'x'.repeat(100_000) });
    let number = 0;
    const { feed, responses, url } = await serveFeed(() => big(number));
    const reader = await follow(url, {}, '/');
    ignore(url);
    await until('both have come', () => feed.size === 2);
    const silent = responses.at(-1);
    let most = 0;
    // The kernel buffers some megabytes for a socket that nothing reads; the rest is in this process's memory.
    while (feed.size === 2 && number < 3_000) {
      number += 1;
      feed.turn(big(number));
      most = Math.max(most, silent?.writableLength ?? 0);
      await turnOfTheLoop();
    }
    expect(feed.size).toBe(1);
    expect(silent?.destroyed).toBe(true);
    expect(number).toBeGreaterThan(30);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(250_000);
    await until('the reader has the newest', () => {
      feed.turn(undefined);
      return reader.text().includes(`{"number":${number},`);
    });
  });

  test('sends a heartbeat when nothing happens', async () => {
    const { feed, url } = await serveFeed(() => ({}));
    const { text } = await follow(url, {}, '/');
    for (let turn = 0; turn < 5; turn += 1) feed.turn(undefined);
    await until('a heartbeat came', () => text().endsWith('\n\n: still here\n\n'));
  });

  test('serializes an event once, for any number of clients', async () => {
    const { feed, url } = await serveFeed(() => ({}));
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(url, {}, '/')));
    let times = 0;
    feed.turn({ toJSON: () => ({ time: ++times }) });
    for (const { text } of streams) await until('the event came', () => text().includes('{"time":1}'));
    expect(times).toBe(1);
  });

  test('refuses connections over its limit', async () => {
    const { feed, url } = await serveFeed(() => ({}));
    for (let number = 1; number <= 256; number += 1) ignore(url);
    await until('all have come', () => feed.size === 256);
    expect((await follow(url, {}, '/')).status).toBe(503);
    expect(feed.size).toBe(256);
  });
});
