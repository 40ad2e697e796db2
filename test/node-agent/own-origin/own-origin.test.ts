// A node whose sandboxes have host names of their own: what is at which name, and who gets there.
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { spawnAnswerSchema } from '../../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../../lab/images/tiny-image.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Reader } from '../../support/reader.ts';

const DOMAIN = 'node1.test';
const COMMAND = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const PRESSED = { ...PAGE, 'sec-fetch-site': 'none' };
const HTTPS = { 'x-forwarded-proto': 'https' };

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly cookies: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

describe('a node with --sandbox-domain', () => {
  let agent: TestAgent;
  let port = '';
  beforeAll(async () => {
    agent = await startAgent({
      ...{ sandboxDomain: DOMAIN, trustProxy: true, command: COMMAND },
      ...{ capacity: '40', warm: '6', concurrentStarts: '4' },
    });
    ({ port } = new URL(agent.url));
    await agent.warm(6);
  });
  afterAll(() => agent.close());

  const ask = async (
    host: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS' = 'GET',
  ): Promise<Answer> => {
    const answer = await request(`${agent.url}${path}`, { method, headers: { host, ...headers } });
    const { location = '', 'set-cookie': cookies = [] } = answer.headers;
    return {
      status: answer.statusCode,
      location: String(location),
      cookies: [cookies].flat(),
      headers: answer.headers,
      body: await answer.body.text(),
    };
  };
  const pairOf = (cookie = ''): string => cookie.split(';', 1)[0] ?? '';
  /** A click at the node's own name; not yet at the sandbox. */
  const click = async (path = '/', headers: Readonly<Record<string, string>> = {}) => {
    const claimed = await ask(DOMAIN, path, { ...PRESSED, ...headers });
    const address = new URL(claimed.location);
    const [id = ''] = address.hostname.split('.');
    return { claimed, address, id, host: address.host, finder: pairOf(claimed.cookies[0]) };
  };
  /** A reader who has arrived. */
  const arrive = async (headers: Readonly<Record<string, string>> = {}) => {
    const clicked = await click('/', headers);
    const { pathname } = clicked.address;
    const opened = await ask(clicked.host, pathname, { ...PRESSED, ...headers });
    return { ...clicked, open: pathname, opened, cookie: pairOf(opened.cookies[0]) };
  };

  test('a click leads to the sandbox’s own host, with path and query as they were', async () => {
    const { claimed, address, id, host } = await click('/notebooks/a%20b.ipynb?x=1&y=%2F');
    expect(claimed.status).toBe(302);
    expect(address.hostname).toBe(`${id}.${DOMAIN}`);
    expect(id).toMatch(/^[0-9a-f]{40}$/);
    const opened = await ask(host, `${address.pathname}${address.search}`, PAGE);
    expect(opened).toMatchObject({ status: 302, location: `/user/${id}/notebooks/a%20b.ipynb?x=1&y=%2F` });
    expect(opened.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    const landed = await ask(host, opened.location, { ...PAGE, cookie: pairOf(opened.cookies[0]) });
    expect(landed).toMatchObject({ status: 200, headers: { 'origin-agent-cluster': '?1' } });
    expect(JSON.parse(landed.body)).toMatchObject({ hello: 'notebooks', basePath: `/user/${id}` });
  });

  test('over https the key is in a cookie that no other host can set; over http in a plain one', async () => {
    const { claimed, opened, cookie, host, address } = await arrive(HTTPS);
    expect(address.protocol).toBe('https:');
    expect(claimed.cookies.map(pairOf).join()).not.toContain('tmpfleet_key');
    expect(opened.cookies).toEqual([
      expect.stringMatching(
        /^__Host-tmpfleet_key=[0-9a-f]{40}; Path=\/; HttpOnly; Secure; SameSite=None; Partitioned$/,
      ),
    ]);
    const page = `/user/${host.split('.')[0]}/`;
    expect(await ask(host, page, { ...PAGE, ...HTTPS, cookie })).toMatchObject({ status: 200 });
    const planted = cookie.replace('__Host-', '');
    expect(await ask(host, page, { ...PAGE, ...HTTPS, cookie: planted })).toMatchObject({ status: 403 });
    const plain = await arrive();
    expect(plain.address.protocol).toBe('http:');
    expect(plain.opened.cookies).toEqual([
      expect.stringMatching(/^tmpfleet_key=[0-9a-f]{40}; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
  });

  test('an address of hand-over is good once, and for its sandbox only', async () => {
    const [one, other] = [await click(), await arrive()];
    const stolen = await ask(other.host, one.address.pathname, PAGE);
    expect([stolen.status, stolen.cookies]).toEqual([403, []]);
    expect(stolen.body).toContain('somebody else');
    expect((await ask(one.host, one.address.pathname, PAGE)).status).toBe(302);
    const again = await ask(one.host, one.address.pathname, PAGE);
    expect([again.status, again.cookies]).toEqual([403, []]);
    expect(again.body).toContain('somebody else');
    // Its owner may come that way again.
    const { host, open, cookie } = other;
    expect(await ask(host, open, { ...PAGE, cookie })).toMatchObject({ status: 302 });
    expect(await ask(host, '/.tmpfleet/open/x/', PAGE)).toMatchObject({ status: 403 });
  });

  test('no prefetch, preview or script uses an address of hand-over up', async () => {
    const { host, address } = await click();
    const tries = [
      ask(host, address.pathname, PAGE, 'HEAD'),
      ask(host, address.pathname, PAGE, 'POST'),
      ask(host, address.pathname, { ...PAGE, 'sec-purpose': 'prefetch' }),
      ask(host, address.pathname, { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }),
    ];
    expect((await Promise.all(tries)).map(({ status, cookies }) => [status, cookies])).toEqual(
      Array(4).fill([403, []]),
    );
    expect((await ask(host, address.pathname, PAGE)).status).toBe(302);
  });

  test('an address of hand-over leads nowhere but into its sandbox', async () => {
    const { host, address, id } = await click();
    const [, code = ''] = /open\/([0-9a-f]+)/.exec(address.pathname) ?? [];
    const { location } = await ask(host, `/.tmpfleet/open/${code}//evil.test/x`, PAGE);
    expect(location).toBe(`/user/${id}//evil.test/x`);
    expect(new URL(location, `http://${host}`).host).toBe(host);
  });

  test('who has only the address sees that the notebook is somebody else’s, and can open one of their own', async () => {
    const { host, id } = await arrive();
    const page = await ask(host, `/user/${id}/notebooks/x.ipynb?y=1`, PAGE);
    expect(page.status).toBe(403);
    expect(page.body).toContain('somebody else');
    // At the domain's own name: at the sandbox's there is no other.
    expect(page.body).toContain(`href="http://${DOMAIN}/spawn/notebooks/x.ipynb?y=1"`);
    expect(await ask(host, `/user/${id}/api`)).toMatchObject({ status: 403 });
  });

  test('at the node’s own name the owner is handed over again, and anybody else is only sent there', async () => {
    const { id, finder } = await arrive();
    const own = await ask(DOMAIN, `/user/${id}/tree/a%20b?x=%2F`, { ...PAGE, cookie: finder });
    expect(own.location).toMatch(
      new RegExp(`^http://${id}\\.${DOMAIN}/\\.tmpfleet/open/[0-9a-f]{32}/tree/a%20b\\?x=%2F$`),
    );
    const { host, pathname, search } = new URL(own.location);
    expect((await ask(host, pathname + search, PAGE)).location).toBe(`/user/${id}/tree/a%20b?x=%2F`);
    for (const cookie of ['', finder.replace(/.$/, 'x'), finder.replace(/\.[0-9a-f]+$/, '.')]) {
      const other = await ask(DOMAIN, `/user/${id}/tree/a%20b?x=%2F`, { ...PAGE, cookie });
      expect(other.location).toBe(`http://${id}.${DOMAIN}/user/${id}/tree/a%20b?x=%2F`);
    }
    expect(await ask(DOMAIN, `/user/${id}/api/kernels`, {}, 'POST')).toMatchObject({
      status: 307,
      location: `http://${id}.${DOMAIN}/user/${id}/api/kernels`,
    });
  });

  test('at the name of a sandbox there is nothing of the node, nor of another sandbox', async () => {
    const [one, other] = [await arrive(), await arrive()];
    const { host, cookie } = one;
    for (const path of [
      '/stats',
      '/api/stats',
      '/info',
      '/openapi.json',
      '/tree',
      '/spawn/x',
      '/robots.txt',
    ]) {
      expect([path, (await ask(host, path, { ...PRESSED, cookie })).status]).toEqual([path, 404]);
    }
    expect(await ask(host, '/api/spawn', { cookie }, 'POST')).toMatchObject({ status: 404 });
    expect(await ask(host, '/api/orders', { cookie }, 'POST')).toMatchObject({ status: 404 });
    const wrong = await ask(host, `/user/${other.id}/`, { ...PAGE, cookie: `${cookie}; ${other.cookie}` });
    expect(wrong.status).toBe(404);
    expect(await ask(host, '/?x=1', { ...PAGE, cookie })).toMatchObject({
      status: 302,
      location: `/user/${one.id}/?x=1`,
    });
    expect(await ask(`a.${host}`, `/user/${one.id}/`, { ...PAGE, cookie })).toMatchObject({ status: 404 });
    expect(await ask(`${host}.`, `/user/${one.id}/`, PAGE)).toMatchObject({ status: 403 });
    expect(await ask(`${'0'.repeat(40)}.${DOMAIN}`, '/', PAGE)).toMatchObject({
      status: 404,
      body: expect.stringContaining('This notebook is gone'),
    });
  });

  test('a page of another origin reaches nothing with the owner’s cookie, except by a link', async () => {
    const { host, id, cookie } = await arrive(HTTPS);
    const url = `/user/${id}/echo`;
    const sibling = { ...HTTPS, cookie, 'sec-fetch-site': 'same-site', origin: `https://other.${DOMAIN}` };
    const cors = { ...sibling, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    const attempts = [
      await ask(host, url, cors),
      await ask(host, url, { ...cors, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }),
      await ask(host, url, { ...cors, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }),
      await ask(host, url, { ...cors, 'sec-fetch-mode': 'no-cors' }, 'POST'),
      // A form.
      await ask(host, url, { ...sibling, ...PAGE }, 'POST'),
    ];
    expect(attempts.map(({ status }) => status)).toEqual(Array(5).fill(403));
    expect(await ask(host, url, { ...sibling, ...PAGE })).toMatchObject({ status: 200 });
    const own = { ...cors, 'sec-fetch-site': 'same-origin', origin: `https://${host}` };
    expect(await ask(host, url, own, 'POST')).toMatchObject({ status: 200 });
  });

  test('WebSockets: the owner’s page connects; a page of another origin, and a stranger, do not', async () => {
    const { host, id, cookie } = await arrive();
    const connect = (at: string, headers: Readonly<Record<string, string>>): Promise<string> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/user/${id}/ws`, {
        headers: { host: at, ...headers },
      });
      return new Promise((resolve) => {
        socket.once('open', () => resolve('open'));
        socket.once('unexpected-response', (_request, { statusCode }) => resolve(String(statusCode)));
        socket.once('error', (error) => resolve(error.message));
      }).then((result) => {
        socket.terminate();
        return String(result);
      });
    };
    expect(await connect(host, { cookie, origin: `http://${host}` })).toBe('open');
    expect(await connect(host, { cookie, origin: `http://other.${DOMAIN}` })).toBe('403');
    expect(await connect(host, {})).toBe('403');
    expect(await connect(DOMAIN, { cookie, origin: `http://${DOMAIN}` })).toBe('404');
    expect(await connect(`other.${DOMAIN}`, { cookie })).toBe('404');
  });

  test('a sandbox is shown none of our cookies, and learns its own name as host', async () => {
    const { host, id, cookie } = await arrive();
    const { body } = await ask(host, `/user/${id}/echo`, { cookie: `${cookie}; planted=1` });
    expect(JSON.parse(body).headers).toMatchObject({ host, 'x-forwarded-host': host });
    expect(JSON.parse(body).headers.cookie).toBeUndefined();
  });

  test('a program gets the address of the sandbox’s own host, and one that opens in a browser', async () => {
    const spawned = await ask(DOMAIN, '/api/spawn', HTTPS, 'POST');
    const { url, token = '', open = '' } = spawnAnswerSchema.parse(JSON.parse(spawned.body));
    const { host, pathname, hostname } = new URL(url);
    const id = hostname.split('.')[0];
    expect(url).toBe(`https://${id}.${DOMAIN}/user/${id}/`);
    const authorization = `token ${token}`;
    expect(await ask(host, `${pathname}echo`, { authorization, ...HTTPS })).toMatchObject({ status: 200 });
    const opened = await ask(host, new URL(open).pathname, { ...PAGE, ...HTTPS });
    expect(opened).toMatchObject({ status: 302, location: pathname });
    const cookie = pairOf(opened.cookies[0]);
    expect(await ask(host, pathname, { ...PAGE, ...HTTPS, cookie })).toMatchObject({ status: 200 });
    expect(await ask(host, new URL(open).pathname, { ...PAGE, ...HTTPS })).toMatchObject({ status: 403 });
  });

  test('the codes of a sandbox end with it', async () => {
    const { host, address, id } = await click();

    agent.pool.end(id, 'deleted');
    const { status, body } = await ask(host, address.pathname, PAGE);
    expect([status, body.includes('This notebook is gone')]).toEqual([404, true]);
  });
});

test('below localhost, a reader lands at a host of their own, by the port of the node', async () => {
  const agent = await startAgent({ sandboxDomain: 'localhost', command: COMMAND, capacity: '1' });
  try {
    await agent.warm(1);
    const { port } = new URL(agent.url);
    const reader = new Reader();
    const landed = await reader.click(`${agent.url}/tree?x=%20y`);
    expect(landed).toMatchObject({
      status: 200,
      url: `http://${landed.sandbox}.localhost:${port}/user/${landed.sandbox}/tree?x=%20y`,
    });
    expect((await reader.click(`${agent.url}/`)).sandbox).toBe(landed.sandbox);
  } finally {
    await agent.close();
  }
});
