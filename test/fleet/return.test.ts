// A second click of the same browser leads to the sandbox that it has, whichever node of the fleet that is on.
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { Bench, type Front, navigate, post, SECRET } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { type Landing, NAVIGATION, Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const NODES = ['n1', 'n2', 'n3'] as const;
const secret = { TMPFLEET_SECRET: SECRET };

async function startFleet(
  flags: Readonly<Record<string, string | boolean>> = {},
  frontFlags: Readonly<Record<string, string>> = {},
): Promise<{ front: Front; agents: readonly TestAgent[] }> {
  const front = await bench.front(frontFlags);
  const agents = await Promise.all(
    NODES.map(async (nodeId) =>
      bench.keep(await startAgent({ nodeId, capacity: '2', frontUrl: front.url, ...flags }, secret)),
    ),
  );
  await Promise.all(agents.map((agent) => agent.warm(2)));
  await front.add(...agents);
  return { front, agents };
}

const held = (agents: readonly TestAgent[]): number =>
  agents.reduce((sum, agent) => sum + agent.pool.status().held, 0);
const nodeOf = (agents: readonly TestAgent[], url: string): TestAgent => {
  const found = agents.find((agent) => url.startsWith(agent.url));
  if (found === undefined) throw new Error(`${url} is at no node`);
  return found;
};
const order = (front: Front, node: TestAgent, what: string, body?: unknown): Promise<Response> => {
  const view = [...front.fleet.views()].find(({ member }) => member.url === node.url);
  return post(`${front.controlUrl}/api/nodes/${view?.member.id}/${what}`, body);
};

describe('a reader who clicks again', () => {
  test('gets the sandbox that they have, at the place that they ask for, and no other is spent', async () => {
    const { front, agents } = await startFleet();
    const readers = [new Reader(), new Reader()];
    const first = await Promise.all(readers.map((reader) => reader.click(`${front.url}/tree`)));
    for (let click = 0; click < 5; click += 1) {
      for (const [index, reader] of readers.entries()) {
        const again = await reader.click(`${front.url}/notebooks/a%20b.ipynb?x=${click}`);
        expect(again.sandbox).toBe(first[index]?.sandbox);
        expect(again.url).toMatch(new RegExp(`/notebooks/a%20b\\.ipynb\\?x=${click}$`));
      }
    }
    expect(held(agents)).toBe(2);
    expect(await front.stats()).toMatchObject({ capacity: 6 });
  });

  test('gets it while every node is full', async () => {
    const { front, agents } = await startFleet();
    const readers = Array.from({ length: 6 }, () => new Reader());
    const first = await Promise.all(readers.map((reader) => reader.click(`${front.url}/tree`)));
    expect(first.map(({ status }) => status)).toEqual(Array(6).fill(200));
    await until('the front knows it', async () => (await front.stats()).available === 0);
    expect((await new Reader().click(`${front.url}/tree`)).status).toBe(503);
    const again = await Promise.all(readers.map((reader) => reader.click(`${front.url}/tree`)));
    expect(again.map(({ sandbox }) => sandbox)).toEqual(first.map(({ sandbox }) => sandbox));
    expect(held(agents)).toBe(6);
  });

  test('gets it while its node is cordoned, and while it is draining', async () => {
    const { front, agents } = await startFleet();
    const reader = new Reader();
    const first = await reader.click(`${front.url}/tree`);
    const own = nodeOf(agents, first.url);
    for (const [what, body] of [['cordon'], ['drain', { deadline: '30m' }]] as const) {
      expect((await order(front, own, what, body)).status).toBe(200);
      expect((await reader.click(`${front.url}/tree`)).sandbox).toBe(first.sandbox);
    }
    expect(held(agents)).toBe(1);
  });

  test('gets a new one elsewhere when theirs has ended, in the usual way and without an error', async () => {
    const { front, agents } = await startFleet();
    const reader = new Reader();
    const first = await reader.click(`${front.url}/tree`);
    const own = nodeOf(agents, first.url);
    expect((await order(front, own, 'cordon')).status).toBe(200);
    own.pool.end(first.sandbox ?? '', 'deleted');
    const second = await reader.click(`${front.url}/tree`);
    expect(second.status).toBe(200);
    expect(second.sandbox).not.toBe(first.sandbox);
    expect(nodeOf(agents, second.url)).not.toBe(own);
    // From here on it is that one.
    expect((await reader.click(`${front.url}/tree`)).sandbox).toBe(second.sandbox);
    expect(held(agents)).toBe(1);
    expect(await metric(front, 'tmpfleet_bounces_total')).toEqual([]);
  });

  test.each(['has left the fleet', 'does not answer'])(
    'is placed as a new one when their node %s',
    async (how) => {
      const front = await bench.front();
      const [own, other] = [await bench.node({ node: 'n1' }), await bench.node({ node: 'n2' })];
      await front.add(own);
      const cookie = (await front.get('/tree')).headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
      await front.add(other);
      expect((await front.get('/tree', { cookie })).headers.get('location')).toContain(own.url);
      if (how === 'does not answer') await own.close();
      else {
        const view = [...front.fleet.views()].find(({ member }) => member.url === own.url);
        await fetch(`${front.controlUrl}/api/nodes/${view?.member.id}?force=true`, { method: 'DELETE' });
      }
      await until('the front knows it', async () =>
        (await front.get('/tree', { cookie })).headers.get('location')?.includes(other.url),
      );
    },
  );

  test('in an article’s frame gets it at the view of the page, and who has none gets the button', async () => {
    const { front, agents } = await startFleet();
    const inFrame = { ...NAVIGATION, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' };
    const reader = new Reader();
    const first = await reader.click(`${front.url}/tree`);
    const own = nodeOf(agents, first.url);
    const cookie = reader.cookieFor(front.url);
    const seen = await navigate(`${front.url}/tree`, { ...inFrame, cookie });
    expect(seen.headers.get('location')).toContain(own.url);
    const atNode = await navigate(seen.headers.get('location') ?? '', {
      ...inFrame,
      cookie: reader.cookieFor(own.url),
    });
    expect(atNode.headers.get('location')).toBe(`/user/${first.sandbox}/tree`);
    // Another browser with the same cookie of the front, which is no secret between readers of a node.
    const other = await navigate(seen.headers.get('location') ?? '', inFrame);
    const back = await navigate(other.headers.get('location') ?? '', { ...inFrame, cookie });
    expect(back.status).toBe(200);
    expect(await back.text()).toContain('<form method="post"');
    expect(held(agents)).toBe(1);
  });
});

describe('the cookie of the front', () => {
  test('cannot be made up, goes out of date, and never leads to what is no node', async () => {
    const { front, agents } = await startFleet();
    const good = new Reader();
    await good.click(`${front.url}/tree`);
    const value = good.cookieFor(front.url);
    expect(value).toMatch(/^tmpfleet_node=n\d~[0-9a-z]+~[\w-]{22}$/);
    const [, node, hour, signature] = /=(n\d)~(\w+)~(.*)$/.exec(value) ?? [];
    const other = node === 'n1' ? 'n2' : 'n1';
    const early = (Number.parseInt(hour ?? '', 36) - 24).toString(36);
    for (const bad of [
      `${other}~${hour}~${signature}`,
      `${node}~${early}~${signature}`,
      `evil.example~${hour}~${signature}`,
      `${node}~${hour}~`,
      '~~',
      'x',
    ]) {
      const { headers } = await front.get('/tree', { cookie: `tmpfleet_node=${bad}` });
      expect(ticketOf(headers.get('location'))).not.toMatch(/~0p?r~/);
    }
    const { headers } = await front.get('/tree', { cookie: value });
    expect(ticketOf(headers.get('location'))).toMatch(/~0r~/);
    expect(held(agents)).toBe(1);
  });

  test('over https works in an article’s frame, and no other host can set it', async () => {
    const { front } = await startFleet({}, { trustProxy: 'true' });
    const { headers } = await front.get('/tree', { 'x-forwarded-proto': 'https' });
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-tmpfleet_node=\S+; Path=\/; HttpOnly; Secure; SameSite=None; Partitioned; Max-Age=86400$/,
      ),
    ]);
  });

  test('is not there in a fleet without a secret, whose nodes could not send a reader on', async () => {
    const front = await bench.front({}, { secret: '' });
    const agent = bench.keep(await startAgent({ nodeId: 'n1', capacity: '1' }));
    await front.add(agent);
    expect((await front.get('/tree')).headers.getSetCookie()).toEqual([]);
  });

  test('gives a ticket that opens no sandbox by itself, however often it is shown', async () => {
    const { front, agents } = await startFleet();
    const reader = new Reader();
    await reader.click(`${front.url}/tree`);
    const { headers } = await front.get('/tree', { cookie: reader.cookieFor(front.url) });
    const address = headers.get('location') ?? '';
    for (let tries = 0; tries < 3; tries += 1) {
      expect((await navigate(address)).headers.get('location')).toMatch(`${front.url}/tree?ticket=`);
      expect((await request(address, { method: 'POST' })).headers.location).toMatch(
        `${front.url}/tree?ticket=`,
      );
    }
    expect(held(agents)).toBe(1);
  });

  test('spends one sandbox for one press, in however many browsers its ticket is shown', async () => {
    const { front, agents } = await startFleet();
    const reader = new Reader();
    await reader.click(`${front.url}/tree`);
    const cookie = reader.cookieFor(front.url);
    const press = await request(`${front.url}/tree`, { method: 'POST', headers: { cookie } });
    const address = String(press.headers.location);
    expect(ticketOf(address)).toMatch(/~0pr~/);
    const frame = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site', accept: 'text/html' };
    const shown: Landing[] = [];
    for (let browser = 0; browser < 4; browser += 1)
      shown.push(await new Reader({ ...NAVIGATION, ...frame }).click(address, /\/user\//));
    expect(shown.filter(({ sandbox }) => sandbox !== undefined)).toHaveLength(1);
    expect(shown.at(-1)?.body).toContain('<form method="post"');
    expect(held(agents)).toBe(2);
  });

  test('does not send a reader round in circles between a front and a node of another secret', async () => {
    const front = await bench.front();
    const start = async (nodeId: string, TMPFLEET_SECRET: string): Promise<TestAgent> => {
      const flags = { nodeId, capacity: '2', frontUrl: front.url, requireTicket: true };
      return bench.keep(await startAgent(flags, { TMPFLEET_SECRET }));
    };
    const wrong = await start('n1', 'another-secret-of-another-fleet');
    await wrong.warm(2);
    await front.add(wrong);
    const reader = new Reader();
    // With this one node alone there is no way out, as without a cookie.
    await expect(reader.click(`${front.url}/tree`)).rejects.toThrow('too many redirects');
    const right = await start('n2', SECRET);
    await right.warm(2);
    await front.add(right);
    await until('the reader gets out', async () => {
      const landing = await reader.click(`${front.url}/tree`).catch(() => undefined);
      return landing?.url.startsWith(right.url);
    });
  });
});

const ticketOf = (location: string | null): string =>
  new URL(location ?? '').searchParams.get('ticket') ?? '';

async function metric(front: Front, name: string): Promise<readonly string[]> {
  const text = await (await fetch(`${front.controlUrl}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) && !line.endsWith(' 0'));
}
