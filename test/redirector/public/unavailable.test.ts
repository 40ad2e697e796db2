// The 503 of the front: a page for people, JSON for programs, each with the cause.
import { afterEach, describe, expect, test } from 'vitest';
import { refusedPage } from '../../../redirector/public/unavailable-page.ts';
import { editionFor } from '../../../shared/brand/brand.ts';
import { pageHeaders } from '../../../shared/http/page.ts';
import { Bench, bounce } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('when there is no room', () => {
  test('a person gets a page that retries by itself, is never stored and loads nothing', async () => {
    const front = await bench.front({ retryAfter: '3s' });
    await front.add(await bench.node({ warm: 0, capacity: 0 }));
    const answer = await front.get('/notebooks/a.ipynb?x=1', BROWSER);
    expect(answer.status).toBe(503);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'retry-after': '3',
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    const page = await answer.text();
    expect(page).toContain('You are in line for a notebook');
    expect(page).toMatch(/<script>.*setTimeout/s);
    expect(page).toMatch(
      /<noscript><meta http-equiv="refresh" content="3; url=\/notebooks\/a\.ipynb\?x=1&#38;tmpfleet-place=[\w-]+\.wait"><\/noscript>/,
    );
    expect(page).not.toMatch(/src=|https?:/);
  });

  test('a page is in the language that its reader prefers, and JSON is in English', async () => {
    const front = await bench.front();
    await front.add(await bench.node({ warm: 0, capacity: 0 }));
    const german = { 'accept-language': 'de-AT,de;q=0.9,en;q=0.8' };
    const answer = await front.get('/', { ...BROWSER, ...german });
    expect(answer.headers.get('content-language')).toBe('de');
    const page = await answer.text();
    expect(page).toContain('<html lang="de">');
    expect(page).toContain('Sie stehen in der Warteschlange');
    const json = await front.get('/', { accept: 'application/json', ...german });
    expect(await json.json()).toMatchObject({ message: 'every sandbox of the fleet is taken' });
  });

  test('a program gets JSON', async () => {
    const front = await bench.front();
    await front.add(await bench.node({ warm: 0, capacity: 0 }));
    for (const headers of [{ accept: 'application/json' }, {}]) {
      const answer = await front.get('/', headers);
      expect(answer.headers.get('content-type')).toContain('application/json');
      expect(await answer.json()).toMatchObject({ status: 'full' });
    }
  });

  test('the page returns to the address as requested, without a ticket that keeps its reader out', async () => {
    const front = await bench.front();
    await front.add(await bench.node({ node: 'n1', warm: 0, capacity: 0 }));
    const ticket = bounce({ node: 'n1', tried: ['x', 'y', 'n1'] });
    const answer = await front.get(`/a%20b?x="'<y>&ticket=${ticket}`, BROWSER);
    const page = await answer.text();
    expect(page).not.toContain(ticket);
    const again = /id="again" href="([^"]*)"/.exec(page)?.[1];
    expect(again).toMatch(/^\/a%20b\?x=%22%27%3Cy%3E&#38;tmpfleet-place=[\w-]+$/);
    expect(page).toContain(`; url=${again}.wait">`);
  });

  test('where every node is cordoned, the page does not say that notebooks are in use', async () => {
    const front = await bench.front({ holdFor: '0' });
    const [cordoned, other] = [
      await bench.node({ state: 'cordoned' }),
      await bench.node({ state: 'draining' }),
    ];
    await front.add(cordoned, other);
    const page = await (await front.get('/tree', BROWSER)).text();
    expect(page).toContain('No new notebooks are given out at the moment');
    expect(await (await front.get('/tree')).json()).toMatchObject({
      message: 'no node takes new readers at the moment',
    });
  });

  test('a HEAD gets the headers alone', async () => {
    const front = await bench.front();
    const answer = await fetch(`${front.url}/`, { method: 'HEAD', headers: BROWSER });
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([503, '5', '']);
  });

  test('each cause has its own text, and each script is the one that its headers allow', () => {
    const pages = (['full', 'closed', 'none-answers', 'no-nodes'] as const).map((cause) =>
      refusedPage({ reason: cause, retryAfterMs: 5_000, again: '/', posted: false })(editionFor({})),
    );
    expect(new Set(pages.map(({ title }) => title)).size).toBe(4);
    for (const page of pages) {
      expect(pageHeaders(page, 'frame-ancestors *')['content-security-policy']).toMatch(
        /script-src 'sha256-[^']+' 'self'/,
      );
    }
  });
});
