// A click at the front, with real nodes behind it: where it leads, what it keeps, and what is never counted.
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { splitRequestTarget } from '../../../shared/http/request-target.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { nodeOfTicket, splitTicket, type Ticket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { NAVIGATION } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import { Bench, bounce, type Front, SECRET } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** The raw answer to a raw request that no client library would send unaltered. */
function raw(front: Front, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(front.url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
    socket.end(Buffer.from(text, 'latin1'));
  });
}

async function locationOfTarget(front: Front, target: string): Promise<string> {
  const answer = await raw(front, `GET ${target} HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n`);
  return /^location: (.*)\r$/im.exec(answer)?.[1] ?? answer;
}

/** As a front of the same fleet seals a list of tried nodes. */
const sealFor = (nonce: string, tried: readonly string[]): string =>
  new FleetKeys([SECRET]).seal(nonce, tried);

function ticketOf(answer: Response): Ticket | undefined {
  const { ticket } = splitTicket(new URL(answer.headers.get('location') ?? '').search.slice(1));
  return ticket === undefined
    ? undefined
    : verifyTicket(ticket, ticketKeys(nodeOfTicket(ticket) ?? '', SECRET), Date.now());
}

describe('a click', () => {
  test('leads to a node, with its path, its query and a ticket that is never stored', async () => {
    const front = await bench.front();
    const node = await bench.node({ node: 'n1' });
    await front.add(node);
    const answer = await front.get('/notebooks/intro.ipynb?x=1&y=%20%2f');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('location')).toMatch(`${node.url}/notebooks/intro.ipynb?x=1&y=%20%2f&ticket=`);
    expect(ticketOf(answer)).toMatchObject({ node: 'n1', tried: [], hops: 0 });
  });

  test('keeps every byte of path and query', async () => {
    const front = await bench.front({}, { secret: '' });
    const node = await bench.node();
    await front.add(node);
    for (const target of [
      '/a%20b/%C3%A9/%zz?q=%&&=&?#',
      '/a/../b/./c?x=../y',
      '/?',
      '/a;b=c?ticket=mine',
      // Without a secret the front has no tickets: this one is the reader's.
      '/a?ticket=v1.2',
    ]) {
      // An empty query is dropped with its question mark.
      const kept = target.endsWith('?') ? target.slice(0, -1) : target;
      expect(await locationOfTarget(front, target)).toBe(node.url + kept);
    }
  });

  test('cannot be made to lead to an address that the client chose', async () => {
    const front = await bench.front({}, { secret: '' });
    const node = await bench.node();
    await front.add(node);
    for (const target of [
      '//evil/x',
      '///evil/x',
      'http://evil.example/x',
      'HTTPS://evil.example//x',
      'http://user@evil.example:81/x',
    ]) {
      const location = await locationOfTarget(front, target);
      expect(location.startsWith(`${node.url}/`), `${target} → ${location}`).toBe(true);
      expect(new URL(location).host).toBe(new URL(node.url).host);
      expect(location.slice(node.url.length)).not.toMatch(/^\/\//);
    }
  });

  test('keeps all of an absolute target but its authority', () => {
    expect(splitRequestTarget('http://front/a//b?c=http://d/')).toEqual({
      path: '/a//b',
      query: 'c=http://d/',
    });
    expect(splitRequestTarget('http://front?x')).toEqual({ path: '/', query: 'x' });
  });

  test('goes to a node below a path, too', async () => {
    const front = await bench.front({}, { secret: '' });
    const node = await bench.server((request, response) => {
      response.end(request.url === '/deep/stats' ? '{"available":1,"capacity":1}' : '');
    });
    await front.add({ url: `${node.url}/deep/` });
    expect((await front.get('/tree?a')).headers.get('location')).toBe(`${node.url}/deep/tree?a`);
  });

  test('must be a GET, a HEAD or a POST', async () => {
    const front = await bench.front();
    await front.add(await bench.node());
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const answer = await fetch(`${front.url}/tree`, { method, redirect: 'manual' });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toContain('GET');
    }
  });
});

describe('requests that are not a click', () => {
  test('a HEAD gets the address of a node, without a ticket', async () => {
    const front = await bench.front();
    const node = await bench.node({ warm: 2, capacity: 2 });
    await front.add(node);
    for (let turn = 0; turn < 10; turn += 1) {
      const answer = await fetch(`${front.url}/tree?x=1`, { method: 'HEAD', redirect: 'manual' });
      expect(answer.status).toBe(302);
      expect(answer.headers.get('location')).toBe(`${node.url}/tree?x=1`);
    }
    expect((await front.get('/')).status).toBe(302);
  });

  test('a prefetch, by any of its names, is not counted', async () => {
    const front = await bench.front({ holdFor: '0s' });
    const node = await bench.node({ warm: 1, capacity: 1 });
    await front.add(node);
    for (const headers of [
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ]) {
      expect((await front.get('/tree', headers)).headers.get('location')).toBe(`${node.url}/tree`);
    }
    expect((await front.get('/')).status).toBe(302);
    expect((await front.get('/')).status).toBe(503);
  });

  test('what a browser or crawler requests by itself never leads to a node', async () => {
    const front = await bench.front();
    await front.add(await bench.node());
    const statusOf = async (path: string): Promise<number> => (await front.get(path)).status;
    expect(await statusOf('/robots.txt')).toBe(200);
    for (const path of ['/stats', '/stats/', '/api/stats/']) expect(await statusOf(path)).toBe(200);
    for (const path of [
      ...['/favicon.ico', '/apple-touch-icon.png', '/apple-touch-icon-precomposed.png', '/sitemap.xml'],
      ...[
        '/.well-known/security.txt',
        '/.env',
        '/.git/config',
        '/wp-login.php',
        '/wp-admin/setup',
        '/index.php',
      ],
    ]) {
      expect(await statusOf(path), path).toBe(404);
    }
  });

  test('the front answers OPTIONS itself, with CORS headers; errors have them too', async () => {
    const front = await bench.front({ allowOrigin: 'https://journal.example.org' });
    const preflight = await fetch(`${front.url}/api/spawn/`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    for (const path of ['/', '/favicon.ico', '/stats', '/api/spawn']) {
      expect((await front.get(path)).headers.get('access-control-allow-origin')).toBe(
        'https://journal.example.org',
      );
    }
  });
});

describe('tmpnb-redirector’s mistakes', () => {
  test('a node that is down beside a live one gets 0 of 10,000 readers', async () => {
    const front = await bench.front({}, { secret: '' });
    const node = await bench.node({ warm: 20_000, capacity: 20_000 });
    const dead = await bench.node();
    const { url } = dead;
    await front.add(node, dead);
    await dead.close();
    await until(
      'the front knows that it is down',
      async () => (await front.stats()).hosts[url]?.down === true,
    );
    expect(await clickAll(front, 10_000)).toEqual({ [new URL(node.url).host]: 10_000 });
  });

  test('a full node beside a free one gets 0 readers', async () => {
    const front = await bench.front();
    const node = await bench.node({ warm: 1_000, capacity: 1_000 });
    await front.add(node, await bench.node({ warm: 0, capacity: 0 }));
    expect(await clickAll(front, 500)).toEqual({ [new URL(node.url).host]: 500 });
  });

  test('when all are full every reader gets 503, and no node is overloaded', async () => {
    const front = await bench.front();
    await front.add(await bench.node({ warm: 0, capacity: 0 }), await bench.node({ warm: 0, capacity: 0 }));
    expect(await clickAll(front, 200)).toEqual({ 503: 200 });
  });

  test('all down is 503 with Retry-After', async () => {
    const front = await bench.front({ retryAfter: '7s' });
    const [one, two] = [await bench.node(), await bench.node()];
    await front.add(one, two);
    await one.close();
    await two.close();
    const answer = await until('the front knows that both are down', async () => {
      const got = await front.get('/', { accept: 'application/json' });
      return got.status === 503 && got;
    });
    expect(answer.headers.get('retry-after')).toBe('7');
    expect(await answer.json()).toMatchObject({ status: 'error', code: 'no-node-answers' });
  });

  test('right after the start no reader is sent to a node that has not reported', async () => {
    const front = await bench.front({ pollTimeout: '20s' });
    const silent = await bench.server(() => undefined);
    await fetch(`${front.controlUrl}/api/nodes`, {
      method: 'POST',
      body: JSON.stringify({ url: silent.url, probe: false }),
    });
    expect((await front.get('/')).status).toBe(503);
    expect((await front.stats()).hosts[silent.url]).toMatchObject({
      down: true,
      reason: 'unavailable',
    });
  });

  test('the answer says that there are no nodes', async () => {
    const front = await bench.front();
    const answer = await front.get('/', { accept: 'application/json' });
    expect([answer.status, await answer.json()]).toMatchObject([503, { status: 'error', code: 'no-nodes' }]);
  });
});

describe('a reader whom a node sent back', () => {
  test('is not sent there again, and that node is full until its next report', async () => {
    const front = await bench.front({ pollInterval: '30s', holdFor: '0s' });
    await front.add(await bench.node({ node: 'n1' }), await bench.node({ node: 'n2' }));
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await front.get(`/tree?x=1&ticket=${bounce({ node: 'n1', tried: ['n1'] })}`);
      expect(ticketOf(answer)).toMatchObject({ node: 'n2', tried: ['n1'], hops: 1 });
      expect(answer.headers.get('location')).toContain('/tree?x=1&ticket=');
    }
    // The bounce also counts for later readers: of 8 + 8 slots only the three left on n2 are used.
    expect(await clickAll(front, 10)).toEqual({ [hostOf(front, 'n2')]: 3, 503: 7 });
  });

  test('who shows the same ticket again does not close the node again', async () => {
    const front = await bench.front({ holdFor: '0s' });
    await front.add(await bench.node({ node: 'n1' }));
    const ticket = bounce({ node: 'n1', tried: ['n1'] });
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await front.get(`/?ticket=${ticket}`)).status).toBe(503);
      await until('the next report came', () => front.fleet.named('n1')?.full === false);
    }
    await front.get(`/?ticket=${ticket}`);
    expect((await front.get('/')).status).toBe(302);
  });

  test('with a ticket from the front instead of the node closes no node', async () => {
    const front = await bench.front({ pollInterval: '30s' });
    await front.add(await bench.node({ node: 'n1' }));
    await front.get(`/?ticket=${bounce({ node: 'n1', tried: ['n2'] })}`);
    expect((await front.get('/')).status).toBe(302);
  });

  test('three times gets a refusal instead of a fourth try', async () => {
    const front = await bench.front();
    await front.add(await bench.node({ node: 'z' }));
    const answer = await front.get(`/?ticket=${bounce({ node: 'z', tried: ['x', 'y', 'z'] })}`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
  });

  test('with a forged, stale or cut ticket counts as one without, and the ticket goes no further', async () => {
    const front = await bench.front();
    const node = await bench.node({ node: 'n1', warm: 50, capacity: 50 });
    await front.add(node);
    for (const bad of [
      bounce({ node: 'n1', tried: ['n1'] }, 'somebody-elses-secret'),
      bounce({ node: 'n1', tried: ['n1'], expires: Date.now() - 2_000 }),
      bounce({ node: 'n1', tried: ['n1'] }).slice(0, -4),
      // A node speaks only for itself: the others that it names as tried need the front's seal.
      bounce({ node: 'n1', tried: ['n2', 'n1'], seal: undefined }),
      bounce({ node: 'n1', tried: ['n2', 'n1'], nonce: 'nonce-0001', seal: sealFor('nonce-0002', ['n2']) }),
      bounce({ node: 'n1', tried: ['n1'], hops: 3 }),
      `3~${'a'.repeat(2_000)}`,
      '2~front~boot~n1~s4lhzi~nonce~s4lhzi~1~n1~signature-of-an-older-kind',
    ]) {
      const answer = await front.get(`/tree?a=b&ticket=${bad}`);
      expect(answer.status).toBe(302);
      expect(answer.headers.get('location')).not.toContain(bad);
      expect(ticketOf(answer)).toMatchObject({ node: 'n1', tried: [], hops: 0 });
    }
  });
});

function hostOf(front: Front, name: string): string {
  const view = front.fleet.named(name);
  return new URL(view?.member.url ?? '').host;
}

/** Where a number of clicks, eight at a time, ended: counts by host, or by status where there is none. */
async function clickAll(front: Front, count: number): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  let left = count;
  const { port } = new URL(front.url);
  const click = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(
        { port, host: '127.0.0.1', path: '/', headers: NAVIGATION, agent },
        (answer) => {
          answer.resume();
          const { location } = answer.headers;
          answer.once('end', () =>
            resolve(location === undefined ? String(answer.statusCode) : new URL(location).host),
          );
        },
      );
      asked.once('error', reject).end();
    });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const end = await click();
      ends[end] = (ends[end] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
  return ends;
}
