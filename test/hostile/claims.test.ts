// Claims that cost a fleet more than one sandbox a reader: a reader who hangs up, a ticket shown again, ways around
// --require-ticket and --api-token.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { Journal } from '../../node-agent/sandboxes/claim-journal.ts';
import { newNonce } from '../../shared/clock.ts';
import { signTicket } from '../../shared/protocol/ticket.ts';
import { silentLogger } from '../contract/defaults.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { ticketKeys } from '../support/fleet-keys.ts';
import { until } from '../support/until.ts';
import { waitWithoutScript } from '../support/waiting-reader.ts';

const SECRET = 'a-secret-of-the-fleet';
const API = 'an-api-token-of-the-node';
const FRONT = 'http://127.0.0.1:1';
/** As a person's browser sends it. */
const CLICK = { 'sec-fetch-mode': 'navigate', accept: 'text/html' };

let agent: TestAgent;
afterEach(() => agent.close());

const ticket = (changes: { readonly node?: string; readonly expires?: number } = {}): string =>
  signTicket(
    {
      ...{ redirector: 'r', boot: 'b', node: 'node1', epoch: 7, nonce: newNonce(), tried: [], hops: 0 },
      ...{ expires: Date.now() + 30_000, ...changes },
    },
    ticketKeys(changes.node ?? 'node1', SECRET),
  );

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly cookie: string;
  readonly body: string;
}
async function ask(path: string, method = 'GET', headers: Record<string, string> = CLICK): Promise<Answer> {
  const answer = await request(`${agent.url}${path}`, {
    method: method === 'POST' ? 'POST' : 'GET',
    headers,
  });
  return {
    status: answer.statusCode,
    location: String(answer.headers.location ?? ''),
    cookie: [answer.headers['set-cookie'] ?? []]
      .flat()
      .map((each) => each.split(';', 1)[0])
      .join('; '),
    body: await answer.body.text(),
  };
}

/** Sends a request and resets the connection, or closes it, without reading. */
function hangUp(path: string, how: string): Promise<void> {
  const { hostname, port } = new URL(agent.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => resolve());
    const lines = [`GET ${path} HTTP/1.1`, 'Host: n', 'Sec-Fetch-Mode: navigate', 'Accept: text/html'];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, () => {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.end(() => socket.destroy());
      resolve();
    });
  });
}

const ids = (): readonly string[] => agent.pool.table.all().map(({ id }) => id);
/** Requests that came before have been received, and no claim is open. */
async function settled(): Promise<void> {
  await ask('/stats');
  await until('no claim is open', () => agent.pool.status().held === 0);
}

describe('hanging up', () => {
  test.each(['reset', 'close'])(
    'hanging up before the answer, by %s, 60 times one by one and 60 times at once, costs no sandbox',
    { timeout: 120_000 },
    async (how) => {
      agent = await startAgent({ capacity: '6' });
      await agent.warm(6);
      const before = new Set(ids());
      for (let n = 0; n < 60; n += 1) await hangUp('/tree', how);
      await settled();
      await Promise.all(Array.from({ length: 60 }, () => hangUp('/tree', how)));
      await settled();
      // On a busy machine a sandbox may answer too late before a claim, and is replaced; hanging up costs none.
      const { unresponsive = 0, ...others } = agent.pool.table.endings();
      expect(others).toEqual({});
      expect(ids().filter((id) => before.has(id)).length).toBeGreaterThanOrEqual(6 - unresponsive);
      // Some of those at once got a place in line, whose turn ends within seconds.
      const { location } = await waitWithoutScript(() => agent.url, '/tree');
      expect(location).toMatch(/^\/user\/[0-9a-f]+\/tree$/);
    },
  );

  test('hanging up leaves the sandbox unclaimed in the journal, and the next reader gets another key', async () => {
    agent = await startAgent({ capacity: '1' });
    await agent.warm(1);
    await hangUp('/tree', 'reset');
    const path = join(agent.dataDir, 'journal.jsonl');
    const lines = await until('the claim is taken back in the journal', () => {
      const ops = readFileSync(path, 'utf8').trimEnd().split('\n').map(parseLine);
      return ops.map(({ op }) => op).join() === 'warm,claim,warm' ? ops : undefined;
    });
    await until('it is warm again', () => agent.pool.status().warm === 1);
    const { cookie } = await ask('/tree');
    const lost = lines[1]?.owner ?? '';
    expect(lost).toHaveLength(40);
    expect(cookie).toContain(ids()[0]);
    expect(cookie).not.toContain(lost);
    const recorded = new Journal(agent.dataDir, silentLogger).recorded;
    expect([...recorded.values()].map(({ key }) => cookie.endsWith(`.${key}`))).toEqual([true]);
  });

  test('a ticket whose reader hung up before the answer can be shown again', async () => {
    agent = await startAgent({ capacity: '1', secret: SECRET, requireTicket: true, frontUrl: FRONT });
    await agent.warm(1);
    const shown = `/tree?ticket=${ticket()}`;
    await hangUp(shown, 'reset');
    await until('the ticket has arrived', async () => (await ask('/stats')).body.includes('"r/b":{"7":1}'));
    await settled();
    expect((await ask(shown)).location).toMatch(/^\/user\//);
  });
});

/** The node's own ticket tells the front not to lead the reader back here. */
const withoutTicket = (location: string): string =>
  location.replace(/[?&]ticket=4~none~none~node1~[^&]*$/, '');

describe('tickets', () => {
  const flags = { capacity: '6', secret: SECRET, requireTicket: true, frontUrl: FRONT };

  test('one ticket shown five times gives one sandbox, to the browser that showed it first', async () => {
    agent = await startAgent(flags);
    await agent.warm(6);
    const shown = `/tree?x=1&ticket=${ticket()}`;
    const first = await ask(shown);
    expect(first.location).toMatch(/^\/user\/.*\/tree\?x=1$/);
    for (let n = 0; n < 4; n += 1) {
      const again = await ask(shown);
      expect([again.status, withoutTicket(again.location), again.cookie]).toEqual([
        302,
        `${FRONT}/tree?x=1`,
        '',
      ]);
    }
    expect(withoutTicket((await ask(shown, 'POST')).location)).toBe(`${FRONT}/tree?x=1`);
    expect((await ask(shown, 'GET', { ...CLICK, cookie: first.cookie })).location).toBe(first.location);
    expect(agent.pool.status().held).toBe(1);
  });

  test('one ticket shown five times at once gives one sandbox', async () => {
    agent = await startAgent(flags);
    await agent.warm(6);
    const shown = `/tree?ticket=${ticket()}`;
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => ask(shown)));
    expect(answers.filter(({ location }) => location.startsWith('/user/'))).toHaveLength(1);
    expect(agent.pool.status().held).toBe(1);
  });

  test('a page’s ticket gives no program the reader’s sandbox; a spawn’s gives the same one again', async () => {
    agent = await startAgent(flags);
    await agent.warm(6);
    const page = ticket();
    await ask(`/tree?ticket=${page}`);
    expect((await ask(`/api/spawn?ticket=${page}`, 'POST', {})).status).toBe(403);
    const spawn = ticket();
    const spawned = await Promise.all(
      [1, 2, 3, 4, 5].map(() => ask(`/api/spawn?ticket=${spawn}`, 'POST', {})),
    );
    expect(new Set(spawned.map(({ body }) => body)).size).toBe(1);
    expect(withoutTicket((await ask(`/tree?ticket=${spawn}`)).location)).toBe(`${FRONT}/tree`);
    expect(agent.pool.status().held).toBe(2);
  });

  test('one ticket gives no second sandbox after a restart of the agent', async () => {
    agent = await startAgent({ ...flags, ephemeral: false });
    const { dataDir } = agent;
    await agent.warm(6);
    const [page, spawn] = [ticket(), ticket()];
    await ask(`/tree?ticket=${page}`);
    const { body } = await ask(`/api/spawn?ticket=${spawn}`, 'POST', {});
    await agent.stop();
    agent = await startAgent({ ...flags, dataDir });
    await until('both are adopted', () => agent.pool.status().held === 2);
    expect(withoutTicket((await ask(`/tree?ticket=${page}`)).location)).toBe(`${FRONT}/tree`);
    expect((await ask(`/api/spawn?ticket=${spawn}`, 'POST', {})).body).toBe(body);
    expect(agent.pool.status().held).toBe(2);
  });
});

describe('--require-ticket', () => {
  test.each([
    ['GET', '/'],
    ['POST', '/?x=1'],
    ['POST', '/tree'],
    ['GET', '/spawn/user/gone/tree'],
    ['POST', '/spawn/'],
    ['POST', '/api/spawn'],
    ['POST', '/api/spawn/'],
  ])('--require-ticket holds for %s %s', async (method, path) => {
    agent = await startAgent({ secret: SECRET, requireTicket: true });
    await agent.warm(2);
    for (const shown of ['', `ticket=${ticket({ node: 'another' })}`, `ticket=${ticket({ expires: 1 })}`]) {
      const query = shown === '' ? '' : `${path.includes('?') ? '&' : '?'}${shown}`;
      expect((await ask(path + query, method)).status).toBe(403);
    }
    expect(agent.pool.status()).toMatchObject({ warm: 2, held: 0 });
  });
});

describe('--api-token', () => {
  test.each([
    ['GET', '/'],
    ['POST', '/?x=1'],
    ['GET', '/tree'],
    ['POST', '/spawn/'],
  ])('--api-token closes the pages for people: %s %s', async (method, path) => {
    agent = await startAgent({ apiToken: API });
    await agent.warm(2);
    const refused = await ask(path, method);
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining('API token')]);
    expect((await ask('/api/spawn', 'POST', {})).status).toBe(401);
    expect(agent.pool.status()).toMatchObject({ warm: 2, held: 0 });
    expect((await ask('/api/spawn', 'POST', { authorization: `token ${API}` })).status).toBe(200);
  });

  test('--api-token with --open-pages serves people too', async () => {
    agent = await startAgent({ apiToken: API, openPages: true });
    await agent.warm(2);
    expect((await ask('/tree')).location).toMatch(/^\/user\//);
    expect((await ask('/api/spawn', 'POST', {})).status).toBe(401);
  });
});

function parseLine(line: string): { readonly op: string; readonly owner?: string } {
  return JSON.parse(line);
}
