// Attacks with the address of somebody else's sandbox, on a node in this process with real sandboxes and sockets.
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { type SpawnedSandbox, spawnSandbox } from '../support/program.ts';
import { type Landing, Reader } from '../support/reader.ts';

/** No document may come of it: two policies, of which the second takes its origin away. */
const INERT = ["frame-ancestors 'self'", 'sandbox'];
const COMMAND = `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
const JOURNAL = 'https://journal.example.org';
const DOCUMENT = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' };

let agent: TestAgent;
const start = async (flags: Readonly<Record<string, string | boolean>> = {}): Promise<void> => {
  agent = await startAgent({ capacity: '4', command: COMMAND, ...flags });
  await agent.warm(4);
};
afterEach(() => agent.close());

const get = async (url: string, headers: Readonly<Record<string, string>> = {}) => {
  const { statusCode, headers: answered, body } = await request(url, { headers });
  return { status: statusCode, headers: answered, text: await body.text() };
};

/** The status with which the node answers a WebSocket's handshake; 101 when it is open. */
function handshake(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0));
    socket.once('error', reject);
  }).finally(() => socket.terminate()) as Promise<number>;
}

describe("the address of somebody else's sandbox", () => {
  let victim: Landing;
  let base = '';
  const state = (): string | undefined => agent.pool.table.get(victim.sandbox ?? '')?.state;

  beforeEach(async () => {
    await start();
    // The victim has not yet followed the last redirect, so any request that got through would be the first.
    victim = await new Reader().click(`${agent.url}/notebooks/a.ipynb?x=%zz`, /\/user\//);
    base = new URL(`/user/${victim.sandbox}/`, agent.url).href;
  });

  test('opens nothing, by HTTP or WebSocket, with any method, and no byte reaches the sandbox', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const) {
      const answer = await request(`${base}echo`, { method });
      await answer.body.dump();
      expect([method, answer.statusCode]).toEqual([method, 403]);
    }
    expect(await handshake(`${base}ws`)).toBe(403);
    expect(JSON.parse((await get(`${base}api/contents`)).text)).toMatchObject({ code: 'not-owner' });
    expect(state()).toBe('claimed');
  });

  test('shows a reader with a sandbox of their own that it is somebody else’s, and the way to theirs', async () => {
    const reader = new Reader(DOCUMENT);
    const own = await reader.click(`${agent.url}/tree`);
    const page = await reader.click(victim.url);
    expect(page.status).toBe(403);
    expect(page.body).toContain('This notebook is somebody else’s');
    expect(page.body).toContain('href="/spawn/notebooks/a.ipynb?x=%zz"');
    const theirs = await reader.click(`${agent.url}/spawn/notebooks/a.ipynb?x=%zz`);
    expect([theirs.status, theirs.sandbox]).toEqual([200, own.sandbox]);
    expect(state()).toBe('claimed');
  });

  test('opens for its owner from several tabs, but no WebSocket of a page of another origin', async () => {
    expect((await get(victim.url, { ...victim.own, ...DOCUMENT })).status).toBe(200);
    expect((await get(victim.url, { ...victim.own, ...DOCUMENT })).status).toBe(200);
    expect(await handshake(`${base}ws`, victim.own)).toBe(101);
    expect(await handshake(`${base}ws`, { ...victim.own, origin: agent.url })).toBe(101);
    expect(await handshake(`${base}ws`, { ...victim.own, origin: JOURNAL })).toBe(403);
  });

  test('without its last slash is only completed', async () => {
    const answer = await get(base.replace(/\/$/, ''));
    expect([answer.status, answer.headers.location]).toEqual([302, new URL(base).pathname]);
    expect(state()).toBe('claimed');
  });

  test('two readers who click at once in one browser keep both of their sandboxes', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => new Reader(DOCUMENT).click(`${agent.url}/tree`)));
    // A browser has one jar: both finder cookies are in it, and each key cookie at its own path.
    const finders = [one, other].map((landing) => landing?.own.cookie.split('; ')[1]);
    for (const landing of [one, other]) {
      const key = landing?.own.cookie.split('; ')[0];
      const page = await get(landing?.url ?? '', { ...DOCUMENT, cookie: [key, ...finders].join('; ') });
      expect(page.status).toBe(200);
    }
  });

  test('with the key that a sibling domain planted opens no attacker’s page over https', async () => {
    await agent.close();
    await start({ trustProxy: true });
    const proto = { 'x-forwarded-proto': 'https' };
    const attacker = await new Reader({ ...DOCUMENT, ...proto }).click(`${agent.url}/tree`, /\/user\//);
    const [key = '', finder = ''] = attacker.own.cookie.split('; ');
    expect(key).toMatch(/^tmpfleet_key=/);
    expect(finder).toMatch(/^__Host-tmpfleet_node1_/);
    // What a page of a sibling domain can set: any name but those with the prefix `__Host-`.
    const planted = `${key}; ${finder.replace('__Host-', '')}`;
    expect((await get(attacker.url, { ...DOCUMENT, ...proto, cookie: planted })).status).toBe(403);
    const clicked = await get(`${agent.url}/tree`, { ...DOCUMENT, ...proto, cookie: planted });
    expect(clicked.headers.location).not.toContain(attacker.sandbox);
    expect((await get(attacker.url, { ...DOCUMENT, ...proto, ...attacker.own })).status).toBe(200);
  });
});

describe('the sandbox of a program', () => {
  let program: SpawnedSandbox;
  beforeEach(async () => {
    await start({ allowOrigin: JOURNAL });
    program = await spawnSandbox(agent.url);
  });

  test('answers fetch with the token in a header, and a WebSocket with it in the query, of other origins', async () => {
    const { base, headers, token } = program;
    const cross = {
      origin: JOURNAL,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
    };
    const preflight = await request(`${base}api/kernels`, {
      method: 'OPTIONS',
      headers: { origin: JOURNAL, 'access-control-request-method': 'POST' },
    });
    await preflight.body.dump();
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization');
    const answer = await get(`${base}echo?a=b`, { ...cross, ...headers });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, JOURNAL]);
    expect(await handshake(`${base}ws?token=${token}`, { origin: JOURNAL })).toBe(101);
    const refused = await get(`${base}echo`, cross);
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, JOURNAL]);
    expect(await handshake(`${base}ws?token=${'a'.repeat(40)}`, { origin: JOURNAL })).toBe(403);
  });

  test('never sees the key, and gets the tokens that are its own', async () => {
    const { base, headers, token } = program;
    const { text } = await get(`${base}echo?token=its-own&token=${token}&a=%zz`, headers);
    expect(text).not.toContain(token);
    expect(JSON.parse(text)).toMatchObject({ path: `${program.path}echo?token=its-own&a=%zz` });
  });

  test('opens as a document in no browser, and nothing it answers could become one of this origin', async () => {
    const { base, headers, token } = program;
    for (const destination of ['document', 'iframe', 'frame', 'embed', 'object']) {
      const page = await get(`${base}evil.html?token=${token}`, {
        'sec-fetch-dest': destination,
        accept: 'text/html',
      });
      expect([destination, page.status]).toEqual([destination, 403]);
    }
    // Over plain http browsers send no fetch metadata.
    expect((await get(`${base}evil.html?token=${token}`, { accept: 'text/html,*/*' })).status).toBe(403);
    expect((await get(`${base}evil.html`, { ...DOCUMENT, cookie: `tmpfleet_key=${token}` })).status).toBe(
      403,
    );
    expect((await get(`${base}evil.html`, headers)).headers['content-security-policy']).toEqual(INERT);
  });
});

describe("a reader's sandbox", () => {
  test('opened with its key in the address shows no document: that would hand it to others', async () => {
    await start();
    const attacker = await new Reader(DOCUMENT).click(`${agent.url}/tree`);
    const token = /tmpfleet_key=([0-9a-f]+)/.exec(attacker.own.cookie)?.[1] ?? '';
    const page = await get(`${attacker.url}?token=${token}`, DOCUMENT);
    expect([page.status, page.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8']);
    expect(page.text).not.toContain(token);
    const script = await get(`${attacker.url}?token=${token}`);
    expect([script.status, script.headers['content-security-policy']]).toEqual([200, INERT]);
  });

  test('gets no cookie but those it has set: not the publisher’s, not ours, not another’s', async () => {
    await start();
    const { own, sandbox } = await new Reader(DOCUMENT).click(`${agent.url}/tree`);
    const base = `${agent.url}/user/${sandbox}/`;
    const seen = async (): Promise<string | undefined> => {
      const { text } = await get(`${base}echo`, {
        cookie: `${own.cookie}; session=publishers; _xsrf=1; other=2`,
      });
      const { headers }: { headers: { cookie?: string } } = JSON.parse(text);
      return headers.cookie;
    };
    expect(await seen()).toBeUndefined();
    const set = await get(
      `${base}cookie?set=${encodeURIComponent('_xsrf=1; Path=/; Domain=example.org')}`,
      own,
    );
    expect(set.headers['set-cookie']).toEqual(`_xsrf=1; Path=/user/${sandbox}/`);
    expect(await seen()).toBe('_xsrf=1');
  });
});

test('with --open-urls who has the address has the sandbox, as in tmpnb', async () => {
  await start({ openUrls: true });
  const program = await spawnSandbox(agent.url);
  expect((await get(`${program.base}tree`, DOCUMENT)).status).toBe(200);
  expect(await handshake(`${program.base}ws`)).toBe(101);
});
