// A claim in a frame is redirected to an address with a mark, which tells a browser that keeps no cookies from a stranger.
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TINY_SERVER } from '../../lab/images/tiny-image.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';

const COMMAND = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
const TAB = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const FRAME = { ...TAB, 'sec-fetch-dest': 'iframe', 'x-forwarded-proto': 'https' };
const WARM = 2;
const MARKED = /^\/user\/[0-9a-f]{40}\/notebooks\/a%20b\.ipynb\?x=%2F&y&tmpfleet-arrival=[0-9a-f]{32}$/;

describe('a claim in a frame', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await startAgent({ trustProxy: true, command: COMMAND, capacity: '20', warm: String(WARM) });
    await agent.warm(WARM);
  });
  afterAll(() => agent.close());

  const ask = async (
    path: string,
    headers: Readonly<Record<string, string>>,
    method: 'GET' | 'POST' = 'GET',
  ) => {
    const answer = await request(`${agent.url}${path}`, { method, headers });
    const { location = '', 'set-cookie': cookies = [] } = answer.headers;
    const pairs = [cookies].flat().map((cookie) => cookie.split(';', 1)[0]);
    return {
      ...{ status: answer.statusCode, location: String(location), cookie: pairs.join('; ') },
      body: await answer.body.text(),
    };
  };
  const press = async (headers: Readonly<Record<string, string>> = FRAME) => {
    await agent.warm(WARM);
    return ask('/notebooks/a%20b.ipynb?x=%2F&y', headers, 'POST');
  };
  const held = (): number => agent.pool.status().held;

  test('leads its owner to the address as requested, byte for byte', async () => {
    const before = held();
    const { location, cookie } = await press();
    expect(location).toMatch(MARKED);
    const clean = location.replace(/&tmpfleet-arrival=.*/, '');
    expect(await ask(location, { ...FRAME, cookie })).toMatchObject({ status: 302, location: clean });
    expect(await ask(clean, { ...FRAME, cookie })).toMatchObject({ status: 200 });
    expect(held()).toBe(before + 1);
    // Shown again, or to others, the mark does nothing: the sandbox stays its owner's.
    expect(await ask(location, FRAME)).toMatchObject({ status: 302, location: clean });
    expect(await ask(clean, FRAME)).toMatchObject({ status: 403 });
    expect(await ask(clean, { ...FRAME, cookie })).toMatchObject({ status: 200 });
  });

  test('without the key, gives the sandbox back and offers a tab', async () => {
    const before = held();
    const { location, cookie } = await press();
    expect(held()).toBe(before + 1);
    const page = await ask(location, { ...FRAME, 'accept-language': 'fr' });
    expect(page).toMatchObject({ status: 403, cookie: '' });
    expect(page.body).toContain('Votre notebook a besoin de son propre onglet');
    expect(page.body).toContain(
      'href="/spawn/notebooks/a%20b.ipynb?x=%2F&#38;y" target="_blank" rel="noopener"',
    );
    expect(held()).toBe(before);
    // The key is void, also for a browser that has kept it after all.
    const clean = location.replace(/&tmpfleet-arrival=.*/, '');
    expect(await ask(clean, { ...FRAME, cookie })).toMatchObject({ status: 404 });
    // The next reader gets a sandbox that no old key opens.
    const next = await press();
    expect(await ask(next.location, { ...FRAME, cookie })).toMatchObject({ status: 403 });
  });

  test('is not given back to who shows the mark outside of a frame', async () => {
    const before = held();
    const { location, cookie } = await press();
    const clean = location.replace(/&tmpfleet-arrival=.*/, '');
    for (const headers of [{}, TAB, { accept: '*/*' }])
      expect(await ask(location, headers)).toMatchObject({ status: 302, location: clean });
    expect(held()).toBe(before + 1);
    expect(await ask(location, { ...FRAME, cookie })).toMatchObject({ status: 302 });
    expect(await ask(clean, { ...FRAME, cookie })).toMatchObject({ status: 200 });
  });

  test('is not given back by the mark of another claim', async () => {
    const [mine, theirs] = [await press(), await press()];
    const before = held();
    const mark = /tmpfleet-arrival=.*/.exec(mine.location)?.[0] ?? '';
    await ask(theirs.location.replace(/tmpfleet-arrival=.*/, mark), FRAME);
    await ask(theirs.location.replace(/[0-9a-f]{32}$/, '0'.repeat(32)), FRAME);
    expect(held()).toBe(before);
  });

  test('has no mark where the browser shows a cookie of ours, and in a tab', async () => {
    const clean = /^\/user\/[0-9a-f]{40}\/notebooks\/a%20b\.ipynb\?x=%2F&y$/;
    expect((await press(TAB)).location).toMatch(clean);
    const stale = '__Host-tmpfleet_node1_01234567=gone.key';
    expect((await press({ ...FRAME, cookie: stale })).location).toMatch(clean);
    expect((await press({ ...FRAME, cookie: 'publisher=1' })).location).toMatch(MARKED);
  });
});
