// A node-agent with the local engine: what readers, programs and operators get from it.
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { signTicket, splitTicket, verifyTicket } from '../../shared/protocol/ticket.ts';
import { nodeStatsSchema, parseJson } from '../../shared/protocol/wire.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { ticketKeys } from '../support/fleet-keys.ts';
import { processesWith } from '../support/processes.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const SECRET = 'a-secret-of-the-fleet';
const FRONT = 'http://127.0.0.1:1';

let agent: TestAgent;
const start = async (flags: Readonly<Record<string, string | boolean>> = {}) => {
  agent = await startAgent(flags);
  return agent;
};
afterEach(() => agent.close());

const stats = async () =>
  parseJson(await (await request(`${agent.url}/stats`)).body.text(), nodeStatsSchema, 'stats');
const post = async (url: string, options: { body?: string; headers?: Record<string, string> } = {}) => {
  const answer = await request(url, { method: 'POST', ...options });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
};

describe('a reader', () => {
  test('gets a sandbox of their own, at the address they asked for, and the pool is refilled', async () => {
    await start({ capacity: '3', warm: '2' });
    await agent.warm(2);
    const [first, second] = await Promise.all([
      new Reader().click(`${agent.url}/notebooks/a%20b.ipynb?x=1`),
      new Reader().click(`${agent.url}/`),
    ]);
    expect(first.status).toBe(200);
    expect(first.url).toMatch(/\/user\/[0-9a-f]{40}\/notebooks\/a%20b\.ipynb\?x=1$/);
    expect(second.sandbox).not.toBe(first.sandbox);
    await agent.warm(1);
    expect(await stats()).toMatchObject({
      available: 1,
      capacity: 3,
      fleet: { held: 2, claims: 2, starting: 0 },
    });
  });

  test('who comes back gets the same sandbox', async () => {
    await start();
    await agent.warm(2);
    const reader = new Reader();
    const before = await reader.click(`${agent.url}/tree`);
    const after = await reader.click(`${agent.url}/notebooks/other.ipynb`);
    expect(after.sandbox).toBe(before.sandbox);
    expect((await stats()).fleet?.claims).toBe(1);
  });

  test('does not get another reader’s sandbox with a made-up cookie', async () => {
    await start();
    await agent.warm(2);
    const { sandbox } = await new Reader().click(`${agent.url}/`);
    const forged = new Reader({
      'sec-fetch-mode': 'navigate',
      cookie: `tmpfleet_node1_${sandbox?.slice(0, 8)}=${sandbox}.${'a'.repeat(40)}`,
    });
    expect((await forged.click(`${agent.url}/`)).sandbox).not.toBe(sandbox);
  });

  test('waits for a start when nothing is warm but there is room', async () => {
    await start({ capacity: '2', warm: '0' });
    const landed = await new Reader().click(`${agent.url}/`);
    expect(landed).toMatchObject({ status: 200 });
    expect((await stats()).fleet).toMatchObject({ held: 1, warm: 0 });
  });

  test('gets a place in line when every slot is taken and there is no front', async () => {
    await start({ capacity: '1' });
    await agent.warm(1);
    await new Reader().click(`${agent.url}/`);
    const turnedAway = await new Reader().click(`${agent.url}/`);
    expect(turnedAway.status).toBe(503);
    expect(turnedAway.headers['retry-after']).toBe('5');
    expect(turnedAway.body).toContain('Your place in line: 1');
  });

  test('whose sandbox was killed gets a page with a link to a new one within 5 seconds', async () => {
    await start({ capacity: '2' });
    await agent.warm(2);
    const reader = new Reader();
    const { url, sandbox } = await reader.click(`${agent.url}/notebooks/x`);
    const port = Number(agent.pool.table.get(sandbox ?? '')?.address?.port);
    const killed = performance.now();
    killListener(port);
    const page = await until('the page says that the sandbox is dead', async () => {
      const landed = await reader.click(url);
      return landed.status === 503 ? landed : undefined;
    });
    expect(performance.now() - killed).toBeLessThan(5_000);
    expect(page.body).toContain('href="/spawn/notebooks/x"');
    await agent.warm(2);
  });

  test('whose sandbox is gone gets a page that says so, with a link to a new one at the same path', async () => {
    await start();
    const landed = await new Reader().click(`${agent.url}/user/never-was/notebooks/x?cell=%zz&token=old&y=2`);
    expect(landed.status).toBe(404);
    expect(landed.body).toContain('This notebook is gone');
    expect(landed.body).toContain('href="/spawn/notebooks/x?cell=%zz&#38;y=2"');
  });

  test('at an address that gives no sandbox gets a page, and a program gets JSON', async () => {
    await start();
    const page = await request(`${agent.url}/wp-login.php`, { headers: { accept: 'text/html' } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(await page.body.text()).toContain('There is nothing here');
    const json = await request(`${agent.url}/wp-login.php`);
    expect([json.statusCode, await json.body.json()]).toMatchObject([404, { code: 'no-such-path' }]);
  });
});

describe('a request that is not a person’s costs no sandbox:', () => {
  test.each([
    ['curl -I', 'HEAD', { 'user-agent': 'curl/8.0' }],
    ['curl', 'GET', { 'user-agent': 'curl/8.0' }],
    ['a prefetch', 'GET', { 'sec-purpose': 'prefetch', 'sec-fetch-mode': 'navigate' }],
    ['a link-preview bot', 'GET', { 'user-agent': 'Twitterbot/1.0', accept: 'text/html' }],
  ] as const)('%s', async (_, method, headers) => {
    await start();
    await agent.warm(2);
    const answer = await request(`${agent.url}/notebooks/x.ipynb`, { method, headers });
    const body = await answer.body.text();
    expect(answer.statusCode).toBe(200);
    if (method === 'GET') expect(body).toContain('og:title');
    expect((await stats()).fleet).toMatchObject({ claims: 0, warm: 2 });
  });

  test('and the button of the launch page claims one, keeping the query', async () => {
    await start();
    await agent.warm(2);
    const page = await (await request(`${agent.url}/notebooks/x.ipynb?a=1&b=%zz`)).body.text();
    expect(page).toContain('action="/notebooks/x.ipynb?a=1&#38;b=%zz"');
    const pressed = await post(`${agent.url}/notebooks/x.ipynb?a=1&b=%zz`);
    expect(pressed.status).toBe(303);
    expect(pressed.headers.location).toMatch(/^\/user\/[0-9a-f]{40}\/notebooks\/x\.ipynb\?a=1&b=%zz$/);
  });
});

describe('POST /api/spawn', () => {
  test.each(['/api/spawn', '/api/spawn/'])('%s gives a sandbox that answers', async (path) => {
    await start();
    await agent.warm(2);
    const { status, body } = await post(`${agent.url}${path}`);
    expect(status).toBe(200);
    const { url, token }: { url: string; token: string } = JSON.parse(body);
    const headers = { authorization: `token ${token}` };
    expect((await request(`${agent.url}${url}`, { headers })).statusCode).toBe(200);
  });

  test('gives a caller who repeats the request with the same ticket the same sandbox', async () => {
    await start({ secret: SECRET });
    await agent.warm(2);
    const text = signTicket(
      {
        redirector: 'r',
        boot: 'b',
        node: 'node1',
        epoch: 7,
        nonce: 'nonce-0001',
        expires: Date.now() + 30_000,
        tried: [],
        hops: 0,
      },
      ticketKeys('node1', SECRET),
    );
    const answers = await Promise.all([1, 2, 3].map(() => post(`${agent.url}/api/spawn?ticket=${text}`)));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect((await stats()).fleet).toMatchObject({ claims: 1 });
  });

  test('costs no sandbox when the caller hangs up before the answer', async () => {
    await start({ capacity: '1', warm: '0' });
    const impatient = new AbortController();
    const asked = request(`${agent.url}/api/spawn`, { method: 'POST', signal: impatient.signal });
    await until('a caller waits for a start', () => agent.pool.status().waiting === 1);
    impatient.abort();
    await expect(asked).rejects.toThrow(/abort/i);
    await until('no caller waits', () => agent.pool.status().waiting === 0);
    await until(
      'nothing is held',
      () => agent.pool.status().held === 0 && agent.pool.status().starting === 0,
    );
  });

  test('needs a POST', async () => {
    agent = await startAgent();
    const answer = await fetch(`${agent.url}/api/spawn`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  test('answers 429 with Retry-After when all are taken', async () => {
    await start({ capacity: '1' });
    await agent.warm(1);
    await post(`${agent.url}/api/spawn`);
    const refused = await post(`${agent.url}/api/spawn`);
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.body)).toMatchObject({ status: 'full' });
    expect(refused.headers['retry-after']).toBeDefined();
  });
});

describe('a ticket', () => {
  const ticket = (changes = {}) =>
    signTicket(
      {
        redirector: 'r',
        boot: 'b',
        node: 'node1',
        epoch: 7,
        nonce: 'nonce-0001',
        expires: Date.now() + 30_000,
        tried: [],
        hops: 0,
        ...changes,
      },
      ticketKeys('node1', SECRET),
    );
  // The secret comes from the environment or a file only; here the option is given directly.
  const withSecret = { secret: SECRET, frontUrl: FRONT };

  test('is counted, and is gone from the address at which the reader ends', async () => {
    await start(withSecret);
    await agent.warm(2);
    const landed = await new Reader().click(`${agent.url}/notebooks/x?y=1&ticket=${ticket()}`);
    expect(landed.url).toMatch(/\/notebooks\/x\?y=1$/);
    expect((await stats()).fleet?.seen).toEqual({ 'r/b': { 7: 1 } });
  });

  test.each(['/wp-login.php', '/robots.txt', '/info', '/user/gone/tree'])(
    'at %s, which gives no sandbox, is counted once as well',
    async (path) => {
      await start(withSecret);
      const address = `${agent.url}${path}?ticket=${ticket()}`;
      for (let visit = 0; visit < 2; visit += 1) await (await request(address)).body.dump();
      expect((await stats()).fleet).toMatchObject({ seen: { 'r/b': { 7: 1 } }, claims: 0 });
    },
  );

  test('does not stay in the address bar at an address that gives no sandbox', async () => {
    await start(withSecret);
    const headers = { accept: 'text/html' };
    const answer = await request(`${agent.url}/voila/x?y=1&ticket=${ticket()}`, { headers });
    expect([answer.statusCode, answer.headers.location]).toEqual([302, '/voila/x?y=1']);
  });

  test('of a reader who finds no room goes back to the front and names this node as tried', async () => {
    await start({ ...withSecret, capacity: '1' });
    await agent.warm(1);
    await new Reader().click(`${agent.url}/`);
    const { url } = await new Reader().click(
      `${agent.url}/tree?y=1&ticket=${ticket()}`,
      /^http:\/\/127\.0\.0\.1:1\//,
    );
    expect(url.startsWith(`${FRONT}/tree?y=1&ticket=`)).toBe(true);
    const back = splitTicket(new URL(url).search.slice(1)).ticket ?? '';
    expect(verifyTicket(back, ticketKeys('node1', SECRET), Date.now())).toMatchObject({
      tried: ['node1'],
      hops: 1,
      nonce: 'nonce-0001',
    });
  });

  test('with three hops in it ends in a 503', async () => {
    await start({ ...withSecret, capacity: '1' });
    await agent.warm(1);
    await new Reader().click(`${agent.url}/`);
    expect((await new Reader().click(`${agent.url}/?ticket=${ticket({ hops: 3 })}`)).status).toBe(503);
  });

  test('can be required', async () => {
    await start({ ...withSecret, requireTicket: true });
    await agent.warm(2);
    const without = await new Reader().click(`${agent.url}/tree?x`, /:1\//);
    expect(without.url).toMatch(`${FRONT}/tree?x&ticket=4~none~none~`);
    expect((await new Reader().click(`${agent.url}/tree?ticket=${ticket()}`)).status).toBe(200);
  });
});

describe('an operator', () => {
  test('cordons and uncordons', async () => {
    await start();
    await agent.warm(2);
    await post(`${agent.controlUrl}/api/cordon`);
    expect(await stats()).toMatchObject({ available: 0, fleet: { state: 'cordoned', warm: 2 } });
    expect((await new Reader().click(`${agent.url}/`)).status).toBe(503);
    await post(`${agent.controlUrl}/api/uncordon`);
    expect((await new Reader().click(`${agent.url}/`)).status).toBe(200);
  });

  test('drains: warm ones go, readers keep theirs until the deadline', async () => {
    await start({ capacity: '3' });
    await agent.warm(3);
    const reader = new Reader();
    const { sandbox } = await reader.click(`${agent.url}/`);
    const drained = await post(`${agent.controlUrl}/api/drain`, { body: '{"deadline":"1h"}' });
    expect(JSON.parse(drained.body)).toMatchObject({
      available: 0,
      fleet: { state: 'draining', held: 1, warm: 0 },
    });
    expect((await reader.click(`${agent.url}/`)).sandbox).toBe(sandbox);
    await post(`${agent.controlUrl}/api/drain`, { body: '{"deadline":0}' });
    await until('it is drained', async () => (await stats()).fleet?.state === 'drained');
    expect((await stats()).fleet).toMatchObject({ drain_forced: true, held: 0, ended: { drained: 3 } });
  });

  test('gets an error that names the wrong part of a bad drain', async () => {
    await start();
    const refused = await post(`${agent.controlUrl}/api/drain`, { body: '{"deadline":"soon"}' });
    expect(refused.status).toBe(400);
    expect(refused.body).toMatch(/deadline: .*soon/);
  });

  test('replaces all unclaimed ones by DELETE /api/pool', async () => {
    await start();
    await agent.warm(2);
    const before = agent.pool.table.all().map(({ id }) => id);
    const answer = await request(`${agent.controlUrl}/api/pool`, { method: 'DELETE' });
    expect(await answer.body.json()).toEqual({ drained: 2 });
    await until('both are new', () => {
      const warm = agent.pool.table.inState('warm').map(({ id }) => id);
      return warm.length === 2 && !warm.some((id) => before.includes(id));
    });
  });

  test('lists sandboxes without their tokens, and ends one', async () => {
    await start();
    await agent.warm(2);
    const { sandbox } = await new Reader().click(`${agent.url}/`);
    const listed = await (await request(`${agent.controlUrl}/api/sandboxes`)).body.text();
    const { token, key } = agent.pool.table.get(sandbox ?? '') ?? {};
    expect(listed).toContain(sandbox);
    for (const hidden of [token, key]) expect(listed).not.toContain(hidden);
    const ended = await request(`${agent.controlUrl}/api/sandboxes/${sandbox}`, { method: 'DELETE' });
    expect(ended.statusCode).toBe(202);
    await until('it is gone', () => agent.pool.table.get(sandbox ?? '') === undefined);
    expect((await request(`${agent.controlUrl}/api/sandboxes/none`)).statusCode).toBe(404);
  });

  test('needs the token if one is set, but for health', async () => {
    await start({ controlToken: 'a-token-of-the-control' });
    expect((await request(`${agent.controlUrl}/api/status`)).statusCode).toBe(401);
    expect((await request(`${agent.controlUrl}/healthz`)).statusCode).toBe(200);
    const headers = { authorization: 'Bearer a-token-of-the-control' };
    expect((await request(`${agent.controlUrl}/api/status`, { headers })).statusCode).toBe(200);
  });

  test('finds metrics with conventional names', async () => {
    await start();
    await agent.warm(2);
    await new Reader().click(`${agent.url}/`);
    const metrics = await (await request(`${agent.controlUrl}/metrics`)).body.text();
    expect(metrics).toMatch(/tmpfleet_sandboxes\{.*state="held".*\} 1/);
    expect(metrics).toMatch(/tmpfleet_claims_total\{.*outcome="claimed".*\} 1/);
    expect(metrics).toMatch(/tmpfleet_start_seconds_count\{.*\} [2-9]/);
  });
});

describe('the node', () => {
  test('removes idle sandboxes and refills the pool', async () => {
    await start({ capacity: '1', idle: '1s', cullInterval: '1s' });
    await agent.warm(1);
    const { sandbox } = await new Reader().click(`${agent.url}/`);
    await until('it is idle and gone', () => agent.pool.table.get(sandbox ?? '') === undefined);
    await agent.warm(1);
    expect((await stats()).fleet?.ended).toEqual({ idle: 1 });
  });

  test('removes a sandbox that was claimed and never used', async () => {
    await start({ capacity: '1', lease: '1s', cullInterval: '1s' });
    await agent.warm(1);
    await post(`${agent.url}/api/spawn`);
    await agent.warm(1);
    await until('the lease lapses', async () => (await stats()).fleet?.ended.unclaimed === 1);
    await agent.warm(1);
  });

  test('never pools a sandbox that does not answer on its base path, and removes all of it', async () => {
    const server = `node -e "require('http').createServer((q,s)=>{s.statusCode=404;s.end()}).listen({port},'{ip}')"`;
    await start({ capacity: '1', command: server, startTimeout: '1s' });
    await until('a start has failed', async () => ((await stats()).fleet?.ended['failed-start'] ?? 0) > 0);
    expect(await stats()).toMatchObject({ available: 0, fleet: { warm: 0 } });
  });

  test('answers OPTIONS and errors with the same CORS headers', async () => {
    await start({ allowOrigin: 'https://journal.example.org' });
    const preflight = await request(`${agent.url}/api/spawn`, { method: 'OPTIONS' });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-methods']).toContain('POST');
    for (const path of ['/stats', '/nothing-here', '/user/none/x']) {
      const answer = await request(`${agent.url}${path}`);
      expect(answer.headers['access-control-allow-origin'], path).toBe('https://journal.example.org');
    }
  });

  test('keeps robots away and shows its info page', async () => {
    await start();
    expect(await (await request(`${agent.url}/robots.txt`)).body.text()).toContain('Disallow: /');
    expect(await (await request(`${agent.url}/info`)).body.text()).toContain('Node node1');
    expect((await request(`${agent.url}/info/uplot.js`)).statusCode).toBe(200);
  });
});

/** Kills the process that listens on a loopback port, as the kernel or an operator would. Linux. */
function killListener(port: number): void {
  const [pid] = processesWith(String(port));
  if (pid === undefined) throw new Error(`nothing listens on ${port}`);
  process.kill(pid, 'SIGKILL');
}
