// The page of a reader in line, in a real browser: what it says, that it opens the notebook by itself, and where it fits.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../lab/chromium.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { until } from '../../support/until.ts';
import { Bench, type Front, post, type TestNode } from '../support.ts';

const shots = fileURLToPath(new URL('../../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

describeNeeding(['chromium'], 'the page of a reader in line', ({ chromium }) => {
  const bench = new Bench();
  let browser: Browser;
  let front: Front;
  let node: TestNode;
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  }, 120_000);
  afterAll(() => browser?.close());
  afterEach(() => bench.clear());

  /** Opens a full fleet's page, behind others in line. */
  async function inLine(
    work: (tab: Page) => Promise<void>,
    { before = 0, ...options }: BrowserContextOptions & { readonly before?: number } = {},
  ): Promise<void> {
    front = await bench.front({
      meanwhile: 'https://www.example-journal.org/article',
      embedOrigins: 'http://localhost:*',
    });
    node = await bench.node({ warm: 0, held: 8 });
    await front.add(node);
    for (let other = 0; other < before; other += 1)
      await post(`${front.url}/tree`, undefined, { accept: 'application/json' });
    const context = await browser.newContext(options);
    try {
      const tab = await context.newPage();
      await tab.goto(`${front.url}/tree?x=1#part`);
      await work(tab);
    } finally {
      await context.close();
    }
  }

  test('says the place and the time to expect, keeps the place in its address, and opens the notebook by itself', async () => {
    await inLine(
      async (tab) => {
        const asked: string[] = [];
        tab.on('request', (each) => asked.push(each.url()));
        expect(await tab.locator('#position').innerText()).toBe('Your place in line: 5');
        expect(await tab.title()).toBe('(5) You are in line for a notebook');
        expect(await tab.locator('#wait').innerText()).toMatch(
          /^Expected wait: about \d+ (?:seconds|minutes)$/,
        );
        expect(tab.url()).toMatch(/\/tree\?x=1&tmpfleet-place=[\w-]+#part$/);
        await tab.screenshot({ path: `${shots}line.png` });
        await tab.reload();
        expect(await tab.locator('#position').innerText()).toBe('Your place in line: 5');
        for (let other = 0; other < 5; other += 1) node.free();
        await tab.waitForURL(new RegExp(`^${node.url}/tree\\?x=1&ticket=[^#]+#part$`));
        expect(asked.filter((url) => url.startsWith(front.url)).length).toBeLessThanOrEqual(4);
      },
      { before: 4 },
    );
  });

  test('opens the notebook by itself without scripts, too', async () => {
    await inLine(
      async (tab) => {
        expect(await tab.locator('#position').innerText()).toBe('Your place in line: 1');
        node.free();
        await tab.waitForURL(new RegExp(`^${node.url}/tree\\?x=1&ticket=`));
      },
      { javaScriptEnabled: false },
    );
  });

  test.each([
    ['en', { width: 320, height: 640 }, 'line-phone'],
    ['de', { width: 300, height: 150 }, 'line-frame'],
    ['ja', { width: 600, height: 380 }, 'line-small'],
  ])('in %s fits into a window of %o', async (locale, viewport, shot) => {
    await inLine(
      async (tab) => {
        await tab.screenshot({ path: `${shots}${shot}.png` });
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          viewport.width,
        );
        for (const id of ['#position', '#wait', '#progress']) {
          const box = await tab.locator(id).boundingBox();
          expect((box?.y ?? 1_000) + (box?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
        }
        expect(await tab.locator('html').getAttribute('lang')).toBe(locale);
      },
      { viewport, locale },
    );
  });

  test('tells the article that shows it the place and the time', async () => {
    await inLine(async (tab) => {
      const article = await bench.server((_, response) =>
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(
            `<script>addEventListener('tmpfleet:waiting', (event) => { window.told = event.detail; })</script>` +
              `<body><script src="${front.url}/embed.js" data-path="/tree" data-label="Open"></script>`,
          ),
      );
      await tab.goto(article.url.replace('127.0.0.1', 'localhost'));
      await tab.getByRole('button', { name: 'Open' }).click();
      const told = await until('the article knows', () => tab.evaluate('window.told'));
      expect(told).toEqual({ place: expect.any(Number), eta: expect.any(Number) });
    });
  });
});
