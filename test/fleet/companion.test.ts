// The companion in a real browser: what a reader is warned of, how they stay, and that it leaves the pages of sandboxes as they are.
import { mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { axeViolations, isTooWide, show } from '../support/accessibility.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const compressed = promisify(gzip);
const PAGES = fileURLToPath(new URL('../support/pages-server.mjs', import.meta.url));
const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

describeNeeding(['chromium'], 'the companion', ({ chromium }) => {
  let browser: Browser;
  let agent: TestAgent;
  const sites: Server[] = [];
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const site of sites.splice(0)) {
      site.closeAllConnections();
      site.close();
    }
    await agent.close();
  });

  const start = async (flags: Readonly<Record<string, string | boolean>> = {}): Promise<void> => {
    const command = `${process.execPath} ${PAGES} /{base_path}/ {ip} {port}`;
    agent = await startAgent({
      command,
      keepBusy: false,
      cullInterval: '200ms',
      reapInterval: '500ms',
      ...flags,
    });
    await agent.warm(2);
  };
  const openTab = async (path = '/', options: BrowserContextOptions = {}): Promise<Page> => {
    const tab = await (await browser.newContext(options)).newPage();
    await tab.goto(`${agent.url}/spawn${path}`);
    await tab.waitForURL(/\/user\//);
    return tab;
  };
  const idOf = (tab: Page): string => /\/user\/([^/]+)/.exec(tab.url())?.[1] ?? '';
  const panelOf = (tab: Page): Locator => tab.locator('tmpfleet-companion .box');
  const usedAt = (id: string): number => agent.pool.table.get(id)?.lastUse ?? 0;
  const drain = (deadline: string) =>
    fetch(`${agent.controlUrl}/api/drain`, { method: 'POST', body: JSON.stringify({ deadline }) });
  const hasFocus = (tab: Page): Promise<boolean> =>
    tab.evaluate("document.activeElement?.localName === 'tmpfleet-companion'");

  test('asks before an end for lack of use, and one key press keeps the notebook', async () => {
    await start({ idle: '12s' });
    const tab = await openTab();
    const asked = panelOf(tab).getByText('will be removed in');
    await asked.waitFor();
    expect(await panelOf(tab).getAttribute('role')).toBe('alertdialog');
    const before = usedAt(idOf(tab));
    expect(await hasFocus(tab)).toBe(true);
    await tab.keyboard.press('Enter');
    await panelOf(tab)
      .getByText('Your notebook is kept. Without use it will be removed in 10 seconds.')
      .waitFor();
    expect(usedAt(idOf(tab))).toBeGreaterThan(before);
    expect(await hasFocus(tab)).toBe(false);
    // Left alone from here on.
    await panelOf(tab).getByText('had not been used for a long time').waitFor();
  });

  test('who types without a request keeps the notebook, and is not asked', async () => {
    await start({ idle: '6s' });
    const tab = await openTab('/form');
    const id = idOf(tab);
    const first = usedAt(id);
    await tab.locator('#field').focus();
    let asked = 0;
    await until('typing has kept it twice', async () => {
      await tab.keyboard.type('x');
      if ((await panelOf(tab).count()) > 0 && (await panelOf(tab).isVisible())) asked += 1;
      return usedAt(id) - first > 8_000;
    });
    expect(asked).toBe(0);
    expect(await tab.locator('#field').inputValue()).toMatch(/^x{10,}$/);
  });

  test('a warning gives all files as one download, and who presses it keeps the notebook meanwhile', async () => {
    await start({ idle: '12s' });
    const tab = await openTab();
    const id = idOf(tab);
    await writeFile(join(agent.dataDir, 'local', id, 'mine.txt'), 'what I made');
    const link = panelOf(tab).getByRole('link', { name: 'Save my files' });
    await link.waitFor();
    const before = usedAt(id);
    const [download] = await Promise.all([tab.waitForEvent('download'), link.click()]);
    await panelOf(tab).getByText('your browser shows the download').waitFor();
    expect(download.suggestedFilename()).toMatch(/^notebook-[0-9a-f]{8}\.zip$/);
    const zip = await readFile(await download.path(), 'latin1');
    expect([zip.slice(0, 4), zip.includes('mine.txt'), zip.includes('what I made')]).toEqual([
      'PK\u0003\u0004',
      true,
      true,
    ]);
    await until('the press is use', () => usedAt(id) > before);
    expect(tab.url()).toContain(`/user/${id}/`);
  });

  test('does not take the focus from a field, and is not above it', async () => {
    await start({ idle: '8s' });
    const tab = await openTab('/form', { viewport: { width: 320, height: 568 } });
    await tab.locator('#field').focus();
    await panelOf(tab).getByText('will be removed in').waitFor();
    expect(await tab.evaluate('document.activeElement.id')).toBe('field');
    const [panel, field] = await Promise.all([
      panelOf(tab).boundingBox(),
      tab.locator('#field').boundingBox(),
    ]);
    expect((panel?.y ?? 0) + (panel?.height ?? 0)).toBeLessThanOrEqual(field?.y ?? 0);
    expect(panel?.x).toBeGreaterThanOrEqual(0);
    expect((panel?.x ?? 0) + (panel?.width ?? 0)).toBeLessThanOrEqual(320);
    expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(320);
    await tab.screenshot({ path: `${shots}companion-phone.png` });
  });

  test('says why a notebook that was left alone ended, and leads to a new one at the same place', async () => {
    await start({ idle: '5s' });
    const tab = await openTab('/notebooks/a%20b.ipynb?x=1#part');
    const id = idOf(tab);
    await panelOf(tab).getByText('had not been used for a long time').waitFor();
    expect(await hasFocus(tab)).toBe(false);
    await agent.warm(2);
    await tab.getByRole('link', { name: 'Open a new notebook' }).click();
    await tab.waitForURL((url) => url.href.includes('/user/') && !url.href.includes(id));
    expect(tab.url()).toMatch(/\/notebooks\/a%20b\.ipynb\?x=1#part$/);
  });

  test('tells of a drain at once and of its end; Escape hides it until its next stage', async () => {
    await start();
    const tab = await openTab();
    await until('the tab listens', async () => (await metric('streams')) === 1);
    await drain('40m');
    await panelOf(tab)
      .getByText(/ends in (40|39) minutes, at .*: the computer that it runs on/)
      .waitFor();
    expect(await panelOf(tab).getAttribute('role')).toBe('region');
    expect(await hasFocus(tab)).toBe(false);
    await tab.getByRole('button', { name: 'Hide' }).focus();
    await tab.keyboard.press('Escape');
    await panelOf(tab).waitFor({ state: 'hidden' });
    const heard = tab.waitForResponse((response) => response.url().endsWith('/.tmpfleet/events'));
    await tab.reload();
    await heard;
    await drain('9m');
    await panelOf(tab)
      .getByText(/ends in [89] minutes/)
      .waitFor();
    await fetch(`${agent.controlUrl}/api/uncordon`, { method: 'POST' });
    await panelOf(tab).waitFor({ state: 'hidden' });
    await drain('1s');
    await panelOf(tab).getByText('its computer was taken out of service').waitFor();
  });

  test('warns of the greatest age, which nothing puts off', async () => {
    await start({ maxAge: '10s' });
    const tab = await openTab();
    await panelOf(tab)
      .getByText(/ends in 10 seconds, at .*: its time is nearly over/)
      .waitFor();
    await panelOf(tab).getByText('its time was over').waitFor();
  });

  test('tells of a crash within five seconds, in the language of the reader', async () => {
    await start();
    const tab = await openTab('/', { locale: 'de-AT', colorScheme: 'dark' });
    await until('the tab listens', async () => (await metric('streams')) === 1);
    const began = performance.now();
    agent.pool.exited(idOf(tab));
    await panelOf(tab).getByText('ist stehen geblieben').waitFor({ timeout: 5_000 });
    expect(performance.now() - began).toBeLessThan(5_000);
    await tab.getByRole('link', { name: 'Neues Notebook öffnen' }).waitFor();
  });

  test('tabs of a sandbox share one stream, and the next one takes it over', async () => {
    await start();
    const first = await openTab();
    const [second, third] = [await first.context().newPage(), await first.context().newPage()];
    for (const tab of [second, third]) await tab.goto(first.url());
    await drain('50m');
    for (const tab of [first, second, third])
      await panelOf(tab).getByText('the computer that it runs on').waitFor();
    expect(await metric('streams')).toBe(1);
    await first.close();
    await until('another has the stream', async () => (await metric('streams')) === 1);
    agent.pool.exited(idOf(second));
    for (const tab of [second, third]) await panelOf(tab).getByText('has stopped').waitFor();
  });

  test('kept in one tab, it is kept in all', async () => {
    await start({ idle: '12s' });
    const tab = await openTab();
    const other = await tab.context().newPage();
    await other.goto(tab.url());
    for (const each of [tab, other]) await panelOf(each).getByText('will be removed in').waitFor();
    await other.getByRole('button', { name: 'Keep it' }).click();
    await panelOf(tab).waitFor({ state: 'hidden' });
    await panelOf(other).getByText('Your notebook is kept').waitFor();
  });

  test('of pages inside each other only the outermost one speaks', async () => {
    await start({ idle: '8s' });
    const tab = await openTab('/frames');
    await panelOf(tab).getByText('will be removed in').waitFor();
    const [, inner] = tab.frames();
    await until('the inner page has the script', async () =>
      inner?.evaluate("Reflect.has(window, Symbol.for('tmpfleet.companion'))"),
    );
    expect(await inner?.locator('tmpfleet-companion').count()).toBe(0);
    // Work in the inner page counts.
    const before = usedAt(idOf(tab));
    await inner?.locator('h1').click();
    await panelOf(tab).waitFor({ state: 'hidden' });
    expect(usedAt(idOf(tab))).toBeGreaterThan(before);
  });

  test('a page whose policy allows no scripts works as before; one without connections gets no panel, and is left in peace', async () => {
    await start();
    const strict = await openTab('/strict');
    expect(await strict.locator('p').textContent()).toBe('No scripts.');
    const faults: string[] = [];
    const tab = await (await browser.newContext()).newPage();
    tab.on('pageerror', (error) => faults.push(String(error)));
    const tried: string[] = [];
    tab.on('console', (message) => tried.push(message.text()));
    await tab.goto(`${agent.url}/spawn/no-connect`);
    await until('it has tried', () => tried.some((text) => text.includes('.tmpfleet/')));
    // Two requests are refused at once: the stream's, and the question that follows.
    await until('time passes in the page', async () => tab.evaluate('performance.now() > 6000'));
    expect(tried.filter((text) => text.includes('.tmpfleet/')).length).toBeLessThanOrEqual(2);
    expect(faults).toEqual([]);
    expect(await tab.locator('tmpfleet-companion').count()).toBe(0);
  });

  test('rules of the page do not reach it', async () => {
    await start({ maxAge: '1m' });
    const tab = await openTab('/hostile', { forcedColors: 'active' });
    await panelOf(tab).getByText('its time is nearly over').waitFor();
    expect((await panelOf(tab).boundingBox())?.height).toBeGreaterThan(30);
  });

  /** A page of another site, with a notebook in a frame. */
  const openArticle = async (): Promise<Page> => {
    const seen =
      "<script>window.seen = []; addEventListener('message', ({ data }) => seen.push(data))</script>";
    const site = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(
        `<!doctype html>${seen}<iframe width="600" height="400" title="n" src="${agent.url}/spawn/form?x=1"></iframe>`,
      );
    });
    sites.push(site);
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const address = site.address();
    const tab = await (await browser.newContext()).newPage();
    await tab.goto(`http://localhost:${typeof address === 'object' ? address?.port : 0}/`);
    await tab.frameLocator('iframe').getByRole('button', { name: 'Open my notebook' }).click();
    return tab;
  };
  const toldTo = async (tab: Page, type: string) =>
    until(`the page around was told ${type}`, async () => {
      const all: { type: string }[] = await tab.evaluate('window.seen');
      return all.some((each) => each.type === type) ? all : undefined;
    });

  test('tells the page around a frame: ready, ending, ended', async () => {
    await start({ maxAge: '6s', embedOrigins: '*' });
    expect(await toldTo(await openArticle(), 'tmpfleet:ended')).toEqual([
      { type: 'tmpfleet:ready' },
      {
        type: 'tmpfleet:ending',
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        left_ms: expect.any(Number),
        why: 'age',
      },
      { type: 'tmpfleet:ended', reason: 'expired' },
    ]);
  });

  test('the page around a frame may ask to start afresh, and only the reader answers', async () => {
    await start({ embedOrigins: '*' });
    const tab = await openArticle();
    await toldTo(tab, 'tmpfleet:ready');
    const frame = tab.frameLocator('iframe');
    const panel = frame.locator('tmpfleet-companion .box');
    const idInFrame = async (): Promise<string> => {
      const [, inner] = tab.frames();
      return /\/user\/([^/]+)\/form\?x=1$/.exec(inner?.url() ?? '')?.[1] ?? '';
    };
    const first = await idInFrame();
    const ask = () => tab.evaluate("frames[0].postMessage({ type: 'tmpfleet:afresh' }, '*')");
    await ask();
    await panel.getByText('Start afresh?').waitFor();
    await panel.getByRole('button', { name: 'Keep it' }).click();
    await panel.waitFor({ state: 'hidden' });
    expect(agent.pool.table.get(first)?.state).toBe('active');
    await ask();
    await panel.getByRole('button', { name: 'Start afresh' }).click();
    await until('a new notebook is at the same place', async () => ![first, ''].includes(await idInFrame()));
    expect(agent.pool.table.endedAs(first)).toBe('left');
    await frame.getByText('Form').waitFor();
  });

  test('axe-core finds nothing wrong with any of its panels, and 320 px are enough for them', async () => {
    await start({ idle: '16s' });
    const tab = await openTab();
    const check = async (name: string): Promise<void> => {
      for (const view of ['light', 'dark', '320 px'] as const) {
        await show(tab, view);
        const [frame] = tab.frames();
        if (frame === undefined) throw new Error('the tab has no page');
        expect([name, view, await axeViolations(frame), await isTooWide(frame)]).toEqual([
          name,
          view,
          [],
          false,
        ]);
      }
    };
    await drain('10m');
    await panelOf(tab).getByText('taken out of service').waitFor();
    await check('drain');
    await fetch(`${agent.controlUrl}/api/uncordon`, { method: 'POST' });
    await panelOf(tab).getByText('Are you still there?').waitFor();
    await check('idle');
    await panelOf(tab).getByText('had not been used for a long time').waitFor();
    await check('ended');
  });

  test('is small, of one language, and may be cached for a year under its version', async () => {
    await start();
    const tab = await openTab();
    const src = (await tab.locator('script[data-base]').getAttribute('src')) ?? '';
    const sizes = await Promise.all(
      ['en', 'de', 'fr', 'es', 'pt', 'zh', 'ja'].map(async (language) => {
        const { headers, body } = await request(`${agent.url}${src}`, {
          headers: { 'accept-language': language },
        });
        expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
        expect(headers.vary).toContain('Accept-Language');
        return (await compressed(await body.bytes())).length;
      }),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8 * 1024);
    const plain = await request(`${agent.url}/.tmpfleet/companion.js`);
    expect(plain.headers['cache-control']).toBe('public, max-age=3600');
    await plain.body.dump();
  });

  test('says once how long it took from the click until the page was there, a start included', async () => {
    const startsSlowly = `sh -c 'sleep 1.5; exec ${process.execPath} ${PAGES} /{base_path}/ {ip} {port}'`;
    await start({ beaconSample: '100%', command: startsSlowly });
    const times = async (): Promise<readonly [count: number, sum: number, refused: number]> => {
      const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
      const read = (name: RegExp): number => Number(new RegExp(`${name.source}\\S* (\\S+)`).exec(text)?.[1]);
      const histogram = 'tmpfleet_reader_click_to_page_seconds';
      const refused = /tmpfleet_reader_beacons_total\{outcome="(?:unasked|implausible|malformed)"/;
      return [read(new RegExp(`${histogram}_count`)), read(new RegExp(`${histogram}_sum`)), read(refused)];
    };
    const warm = await openTab();
    await until('the page of a warm one was timed', async () => (await times())[0] === 1);
    const [, warmSum] = await times();
    expect(warmSum).toBeGreaterThan(0);
    await warm.reload();
    for (const { id } of agent.pool.table.inState('warm')) agent.pool.end(id, 'deleted');
    await openTab();
    await until('one that had to start was timed', async () => (await times())[0] === 2);
    const [, bothSum, refused] = await times();
    // The page of a start was seen after a second.
    expect(bothSum - warmSum).toBeGreaterThan(0.9);
    expect(refused).toBe(0);
  });

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
    return Number(new RegExp(`tmpfleet_companion_${name}\\{[^}]*\\} (\\d+)`).exec(text)?.[1]);
  }
});
