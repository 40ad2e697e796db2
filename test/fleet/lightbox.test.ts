// The script of an article, in a real browser over https: its button, its lightbox, and what it must not do.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { articlePage, type FigureAttributes, frameNamed, sandboxAt } from '../support/article-page.ts';
import { until } from '../support/until.ts';

const compressed = promisify(gzip);
const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

describeNeeding(['chromium'], 'the script of an article', ({ chromium }) => {
  let fleet: ArticleFleet;
  let browser: Browser;
  beforeAll(async () => {
    const nodeFlags = [
      '--engine',
      'local',
      '--ephemeral',
      '--capacity',
      '12',
      '--warm',
      '12',
      '--client-sandboxes',
      '0',
    ];
    [fleet, browser] = await Promise.all([
      ArticleFleet.start({ nodeFlags, warm: 12 }),
      launchChromium(chromium.executablePath),
    ]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

  const withTab = async (
    figures: readonly FigureAttributes[],
    work: (tab: Page, context: BrowserContext) => Promise<void>,
    {
      site,
      ...options
    }: {
      readonly site?: string;
      readonly head?: string;
      readonly viewport?: { width: number; height: number };
    } = {},
  ): Promise<void> => {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      ...(options.viewport === undefined ? {} : { viewport: options.viewport }),
    });
    try {
      await work(await fleet.open(context, articlePage(fleet, figures, options.head), site), context);
    } finally {
      await context.close();
    }
  };
  const one = { path: '/notebooks/intro.ipynb?x=1#here', label: 'Try it' };

  test('works by keyboard: opens at Enter, keeps the focus, closes at Escape and gives the focus back', async () => {
    await withTab([one], async (tab) => {
      await tab.keyboard.press('Tab');
      await tab.keyboard.press('Enter');
      const dialog = tab.getByRole('dialog', { name: 'Try it' });
      await dialog.waitFor();
      await sandboxAt(tab, /intro\.ipynb\?x=1#here$/);
      // What is behind the lightbox neither scrolls nor can be reached.
      expect(await tab.evaluate('getComputedStyle(document.documentElement).overflowY')).toBe('hidden');
      for (let press = 0; press < 12; press += 1) {
        await tab.keyboard.press('Tab');
        expect(await tab.evaluate("document.activeElement.matches('a')")).toBe(false);
      }
      await tab.getByRole('button', { name: 'Close' }).focus();
      await tab.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      // A dialog says that it was closed a moment after it has gone.
      await tab.waitForFunction("getComputedStyle(document.documentElement).overflowY !== 'hidden'");
      expect(await tab.evaluate('document.activeElement.shadowRoot.activeElement.textContent')).toBe(
        'Try it',
      );
    });
  });

  test('asks nothing of the fleet but itself before the click', async () => {
    await withTab([], async (tab) => {
      const asked: string[] = [];
      tab.on('request', (request) => asked.push(request.url()));
      fleet.html = articlePage(fleet, [one]);
      await tab.reload({ waitUntil: 'networkidle' });
      expect(asked.filter((url) => !url.startsWith(fleet.article))).toEqual([`${fleet.front}/embed.js`]);
    });
  });

  test('fills an element of the page, by a button of the page, and speaks the language of the page', async () => {
    const more = 'data-button="#mine" data-into="#place"';
    await withTab([{ ...one, more }], async (tab) => {
      const events = tab.evaluate(`new Promise((resolve) => {
        const seen = [];
        for (const name of ['open', 'launching']) document.addEventListener('tmpfleet:' + name, () => { seen.push(name); if (seen.length === 2) resolve(seen); });
      })`);
      await tab.locator('#mine').click();
      await sandboxAt(tab, /intro/);
      expect(await events).toEqual(['open', 'launching']);
      expect(await tab.locator('#place iframe').boundingBox()).toMatchObject({ width: 500, height: 300 });
      expect(await tab.getByRole('dialog').count()).toBe(0);
    });
    await withTab([{ ...one, label: '', more: 'data-lang="de-AT"' }], async (tab) => {
      await tab.getByRole('button', { name: 'Notebook öffnen' }).click();
      await tab.getByRole('button', { name: 'Schließen' }).waitFor();
    });
  });

  test('fills the screen of a phone, and a frame of the page’s own style is not in its way', async () => {
    const head = '<style>iframe { max-width: 50px; border: 9px solid red; display: none }</style>';
    const viewport = { width: 320, height: 568 };
    await withTab(
      [one],
      async (tab) => {
        await tab.getByRole('button', { name: 'Try it' }).click();
        await sandboxAt(tab, /intro/);
        expect(await tab.getByRole('dialog').boundingBox()).toEqual({ x: 0, y: 0, ...viewport });
        const frame = await tab.locator('iframe').boundingBox();
        expect(frame?.width).toBe(320);
        expect(frame?.height).toBeGreaterThan(500);
        const [, notebook] = tab.frames();
        expect(await notebook?.evaluate('document.documentElement.scrollWidth')).toBe(320);
        await tab.screenshot({ path: `${shots}lightbox-phone.png` });
      },
      { head, viewport },
    );
  });

  test('works where the page’s policy allows no inline styles or scripts, and asks for a second click where it allows no forms', async () => {
    const strict = (forms: string): string =>
      `<meta http-equiv="content-security-policy" content="default-src 'none'; script-src ${fleet.front}; style-src 'self'; frame-src ${fleet.front} ${fleet.nodes.join(' ')}; form-action ${forms}">`;
    await withTab(
      [one],
      async (tab) => {
        await tab.getByRole('button', { name: 'Try it' }).click();
        await sandboxAt(tab, /intro/);
      },
      { head: strict([fleet.front, ...fleet.nodes].join(' ')) },
    );
    // The launch page's button is the second click that is needed then, and where the page does not say what site it is of.
    for (const head of [strict("'none'"), '<meta name="referrer" content="no-referrer">'])
      await withTab(
        [one],
        async (tab) => {
          await tab.getByRole('button', { name: 'Try it' }).click();
          await frameNamed(tab, 'Try it').getByRole('button', { name: 'Open my notebook' }).click();
          await sandboxAt(tab, /intro/);
        },
        { head },
      );
  });

  test('a plain frame works without the script, also with the attribute sandbox', async () => {
    const allow = 'allow-scripts allow-same-origin allow-forms allow-popups allow-downloads';
    for (const sandbox of ['', `sandbox="${allow}"`]) {
      const src = `${fleet.front}/notebooks/plain.ipynb?x=1`;
      const html = `<!doctype html><title>Plain</title><iframe ${sandbox} src="${src}" title="plain" width="800" height="500"></iframe>`;
      const tab = await fleet.open(browser, html);
      const frame = frameNamed(tab, 'plain');
      await frame.getByRole('button', { name: 'Open my notebook' }).click();
      await frame.locator('#code').fill('6*7');
      await frame.locator('#code').press('Enter');
      await frame.locator('#output .result', { hasText: '42' }).waitFor();
      const first = await sandboxAt(tab, /plain\.ipynb\?x=1$/);
      // A reload shows the same one, without a click.
      await tab.reload();
      expect(await sandboxAt(tab, /plain\.ipynb\?x=1$/)).toBe(first);
      await tab.context().close();
    }
  });

  test('starts afresh: the notebook is replaced by a new one at the same place, after a question', async () => {
    await withTab([one], async (tab) => {
      await tab.getByRole('button', { name: 'Try it' }).click();
      const first = await sandboxAt(tab, /intro/);
      await tab.getByRole('button', { name: 'Start afresh' }).click();
      const panel = frameNamed(tab, 'Try it').locator('tmpfleet-companion .box');
      await panel.getByText('with everything that you have changed').waitFor();
      await tab.screenshot({ path: `${shots}lightbox-afresh.png` });
      await panel.getByRole('button', { name: 'Start afresh' }).click();
      // Their press in the article was the click: the launch page does not ask for another one.
      await until(
        'another one is there',
        async () => (await sandboxAt(tab, /intro\.ipynb\?x=1#here$/)) !== first,
      );
    });
  });

  test('opens no other notebook because the page in the frame says that this one has ended', async () => {
    await withTab([one], async (tab) => {
      await tab.getByRole('button', { name: 'Try it' }).click();
      await sandboxAt(tab, /intro/);
      const launched = await tab.evaluate(`(() => {
        let launched = 0;
        document.addEventListener('tmpfleet:launching', () => { launched += 1; });
        const source = document.querySelector('iframe').contentWindow;
        const data = { type: 'tmpfleet:ended', reason: 'left' };
        window.dispatchEvent(new MessageEvent('message', { source, data }));
        return launched;
      })()`);
      expect(launched).toBe(0);
    });
  });

  test('shows nothing at a site that is not listed, and spends nothing', async () => {
    const before = await fleet.spent();
    await withTab(
      [one],
      async (tab) => {
        await tab.getByRole('button', { name: 'Try it' }).click();
        await until('the browser refuses', () =>
          tab.frames().some((frame) => frame.url().startsWith('chrome-error:')),
        );
      },
      { site: fleet.stranger },
    );
    expect(await fleet.spent()).toEqual(before);
  });

  test('a script of the page cannot press it: only a person can, where a pattern lists the site', async () => {
    const before = await fleet.spent();
    const press =
      "document.querySelector('script[data-path]').nextElementSibling.shadowRoot.querySelector('button').click()";
    const head = `<script>addEventListener('load', () => ${press})</script>`;
    const work = async (tab: Page): Promise<void> => {
      await frameNamed(tab, 'Try it').getByRole('button', { name: 'Open my notebook' }).waitFor();
    };
    await withTab([one], work, { head });
    expect(await fleet.spent()).toEqual(before);
  });

  test('is small, and may be kept by caches: for an hour, and with its version for a year', async () => {
    const get = (query: string, headers = {}) =>
      request(`${fleet.frontAtHome}/embed.js${query}`, { headers });
    const { headers, body } = await get('');
    expect((await compressed(await body.bytes())).length).toBeLessThanOrEqual(6 * 1024);
    expect(headers['cache-control']).toMatch(/^public, max-age=3600,/);
    expect(headers['access-control-allow-origin']).toBe('*');
    const etag = String(headers.etag);
    expect((await get('', { 'if-none-match': etag })).statusCode).toBe(304);
    expect((await get(`?v=${etag.replaceAll('"', '')}`)).headers['cache-control']).toMatch(
      /max-age=31536000, immutable/,
    );
    expect((await get('?v=0123456789ab')).headers['cache-control']).toMatch(/max-age=3600/);
  });
});
