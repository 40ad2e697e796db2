// The control listener: membership, for operators and for tmpnb-redirector's scripts; and which callers it refuses.
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { checkRedirectorConfig, redirectorOptions } from '../../../redirector/config.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { until } from '../../support/until.ts';
import { Bench, type Front, post } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const TOKEN = 'a-token-of-the-control-listener';

async function call(
  front: Front,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(`${front.controlUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

describe('/api/nodes', () => {
  test('adds, shows and removes a node', async () => {
    const front = await bench.front();
    const node = await bench.node({ warm: 3, capacity: 5 });
    const added = await call(front, 'POST', '/api/nodes', { url: node.url, id: 'n1', probe: false });
    expect(added).toMatchObject({ status: 201, body: { id: 'n1', url: node.url, reachability: 'unknown' } });
    const heard = {
      id: 'n1',
      reachability: 'reachable',
      state: 'ready',
      capacity: 5,
      unreachable_reason: null,
    };
    await until('the front polled it', async () => {
      expect(await call(front, 'GET', '/api/nodes/n1')).toMatchObject({ status: 200, body: heard });
      return true;
    });
    expect(await call(front, 'GET', '/api/nodes')).toMatchObject({ status: 200, body: { nodes: [heard] } });
    expect((await call(front, 'DELETE', '/api/nodes/n1')).status).toBe(200);
    expect(await call(front, 'GET', '/api/nodes')).toEqual({ status: 200, body: { nodes: [] } });
    expect((await front.get('/')).status).toBe(503);
    expect(await front.stats()).toMatchObject({ capacity: 0, hosts: {} });
  });

  test('removes a node with ?if=empty only when it has no readers, and says what it still has', async () => {
    const front = await bench.front();
    const fleet = await bench.node({ node: 'busy', warm: 2, capacity: 4 });
    const plain = await bench.node({ plain: true });
    await call(front, 'POST', '/api/nodes', { url: fleet.url, id: 'busy', probe: false });
    await call(front, 'POST', '/api/nodes', { url: plain.url, id: 'plain', probe: false });
    await call(front, 'POST', '/api/nodes', { url: 'http://127.0.0.1:1', id: 'never', probe: false });
    await until('the front polled both', () => ['busy', 'plain'].every((id) => front.fleet.get(id)?.stats));
    const removal = async (id: string) =>
      JSON.stringify(await call(front, 'DELETE', `/api/nodes/${id}?if=empty`));
    const refused = (id: string, why: RegExp) =>
      until(`${id} is refused: ${why}`, async () => why.test(await removal(id)));
    await refused('plain', /409.*plain tmpnb node/);
    await refused('busy', /409.*is ready, not drained: 0 readers and 2 warm/);
    await fetch(fleet.url);
    fleet.state = 'draining';
    await refused('busy', /409.*is still draining: 1 reader left.*--force/);
    await fleet.close();
    await refused('busy', /409.*has not answered since .* and had 1 reader then/);
    expect(await removal('never')).toContain('200');
    expect((await call(front, 'DELETE', '/api/nodes/busy')).status).toBe(200);
  });

  test('answers 404 for a node that was never added', async () => {
    const front = await bench.front();
    expect((await call(front, 'GET', '/api/nodes/who')).status).toBe(404);
    expect((await call(front, 'DELETE', '/api/nodes/who')).status).toBe(404);
    expect((await call(front, 'GET', '/api/nowhere')).status).toBe(404);
  });

  test('takes https://a/ and https://a for the same node', async () => {
    const front = await bench.front();
    expect(
      await call(front, 'POST', '/api/nodes', { url: 'https://A.invalid:443/', probe: false }),
    ).toMatchObject({
      status: 201,
      body: { id: 'a.invalid', url: 'https://a.invalid' },
    });
    expect((await call(front, 'POST', '/api/nodes', { url: 'https://a.invalid' })).status).toBe(409);
  });

  test('says what is wrong with a request that it refuses', async () => {
    const front = await bench.front();
    for (const body of [
      undefined,
      {},
      { url: 7 },
      { url: 'nonsense' },
      { url: 'ftp://a.invalid' },
      { url: 'https://user:pass@a.invalid' },
      { url: 'https://a.invalid/?x' },
      { url: 'https://a.invalid', id: 'a/b' },
      { url: 'https://a.invalid', probe: 'no' },
    ]) {
      expect(await call(front, 'POST', '/api/nodes', body)).toMatchObject({
        status: 400,
        body: { status: 'error', message: expect.stringMatching(/url|id|whole|probe/) },
      });
    }
    expect((await fetch(`${front.controlUrl}/api/nodes`, { method: 'POST', body: '{"url"' })).status).toBe(
      400,
    );
    const long = 'x'.repeat(100_000);
    expect((await call(front, 'POST', '/api/nodes', { url: long })).status).toBe(413);
  });
});

describe('tmpnb-redirector’s /hosts', () => {
  test('adds (again, too) and removes; removing an unknown one is 404', async () => {
    const front = await bench.front();
    for (const host of ['https://a.invalid', 'https://a.invalid/']) {
      expect((await call(front, 'POST', '/hosts', { host })).status).toBe(200);
    }
    expect(front.fleet.size).toBe(1);
    expect((await call(front, 'DELETE', '/hosts', { host: 'https://a.invalid/' })).status).toBe(200);
    expect((await call(front, 'DELETE', '/hosts', { host: 'https://a.invalid' })).status).toBe(404);
    expect((await call(front, 'DELETE', '/hosts', { host: 'https://b.invalid' })).status).toBe(404);
  });
});

describe('health and metrics', () => {
  test('the index lists its routes', async () => {
    const front = await bench.front();
    expect(await call(front, 'GET', '/')).toMatchObject({
      status: 200,
      body: { program: 'tmpfleet redirector' },
    });
  });

  test('is ready without nodes and once a node has reported, not in between', async () => {
    const front = await bench.front();
    expect((await call(front, 'GET', '/healthz')).status).toBe(200);
    expect((await call(front, 'GET', '/readyz')).status).toBe(200);
    await call(front, 'POST', '/api/nodes', { url: 'http://127.0.0.1:1', probe: false });
    expect((await call(front, 'GET', '/readyz')).status).toBe(503);
    await front.add(await bench.node());
    expect((await call(front, 'GET', '/readyz')).status).toBe(200);
  });

  test('metrics count redirects, refusals and nodes', async () => {
    const front = await bench.front({ holdFor: '0s' });
    await front.add(await bench.node({ warm: 1, capacity: 1 }));
    await front.get('/');
    await front.get('/');
    const text = await (await fetch(`${front.controlUrl}/metrics`)).text();
    expect(text).toMatch(/^tmpfleet_redirects_total\{.*reason="redirect".*\} 1$/m);
    expect(text).toMatch(/^tmpfleet_refusals_total\{.*reason="full".*\} 1$/m);
    expect(text).toMatch(/^tmpfleet_nodes\{.*reachability="reachable",state="ready".*\} 1$/m);
    expect(text).toMatch(/^tmpfleet_report_age_seconds\{.*\} /m);
  });
});

describe('callers', () => {
  test('need the token if one is set; health needs none', async () => {
    const front = await bench.front({ controlToken: TOKEN });
    expect((await call(front, 'GET', '/api/nodes')).status).toBe(401);
    expect((await call(front, 'GET', '/metrics')).status).toBe(401);
    expect((await post(`${front.controlUrl}/hosts`, { host: 'https://a.invalid' })).status).toBe(401);
    expect((await call(front, 'GET', '/healthz')).status).toBe(200);
    for (const authorization of [`Bearer ${TOKEN}`, `token ${TOKEN}`]) {
      const answer = await fetch(`${front.controlUrl}/api/nodes`, { headers: { authorization } });
      expect(answer.status).toBe(200);
    }
  });

  test('from a page of another origin are refused', async () => {
    const front = await bench.front();
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: front.url },
    ]) {
      const answer = await rawCall(front, headers);
      expect(answer).toBe(403);
    }
    expect(await rawCall(front, { origin: front.controlUrl, 'sec-fetch-site': 'same-origin' })).toBe(201);
  });

  test('with a Host header of their own are refused (DNS rebinding)', async () => {
    const front = await bench.front();
    const { port } = new URL(front.controlUrl);
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example']) {
      expect(await rawCall(front, { host })).toBe(403);
    }
    expect(await rawCall(front, { host: `localhost:${port}` })).toBe(201);
  });

  test('beyond loopback need a token', () => {
    const config = (flags: Record<string, string>, token?: string) =>
      loadConfig(redirectorOptions, { flags, env: { TMPFLEET_CONTROL_TOKEN: token } }).config;
    expect(() => checkRedirectorConfig(config({ controlHost: '0.0.0.0' }))).toThrow(/control-host.*token/);
    expect(() => checkRedirectorConfig(config({ controlHost: '0.0.0.0' }, TOKEN))).not.toThrow();
    expect(() => checkRedirectorConfig(config({}))).not.toThrow();
  });
});

/** `POST /api/nodes` with headers that `fetch` does not let a caller set. */
function rawCall(front: Front, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(`${front.controlUrl}/api/nodes`, { method: 'POST', headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.once('error', reject).end('{"url":"https://a.invalid","probe":false}');
  });
}
