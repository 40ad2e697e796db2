// An article on another site, over https, in a real browser: its button opens a notebook in a lightbox.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Browser, BrowserContext, FrameLocator, Page } from 'playwright-core';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { startDemo } from '../support/demo.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

const compressed = promisify(gzip);
const TITLE = 'An article about numbers';

interface FigureAttributes {
  readonly path: string;
  readonly label: string;
  readonly more?: string;
}

describeNeeding(
  ['docker', 'jupyter', 'chromium'],
  'an article with a real Jupyter in its lightbox',
  ({ docker, jupyter, chromium }) => {
    let fleet: ArticleFleet;
    beforeAll(async () => {
      const engine = [
        '--engine',
        'docker',
        '--docker-host',
        docker.host,
        '--image',
        jupyter.image,
        '--pull',
        'never',
      ];
      const nodeFlags = [...engine, '--ephemeral', '--capacity', '4', '--warm', '2', '--claim-wait', '60s'];
      fleet = await ArticleFleet.start({ nodes: 2, nodeFlags, warm: 2 });
    }, 180_000);
    afterAll(() => fleet?.stop(), 60_000);

    const article = (): string =>
      page(fleet, [
        { path: '/notebooks/intro.ipynb', label: 'Figure 1, live' },
        { path: '/tree', label: 'All files' },
      ]);

    describe.each([
      ['lightbox', 'with a browser as it is', []],
      [
        'lightbox-without-third-party-cookies',
        'with third-party cookies blocked',
        ['--test-third-party-cookie-phaseout'],
      ],
    ] as const)('%s: %s', (name, _, args) => {
      let browser: Browser;
      beforeAll(async () => {
        browser = await launchChromium(chromium.executablePath, { args: [...args] });
      });
      afterAll(() => browser?.close());

      test('one click, and 6*7 is 42; closed and opened, in another figure, and after a reload it is the same', async () => {
        const before = await fleet.spent();
        const context = await browser.newContext({ ignoreHTTPSErrors: true });
        // Three views of the article, and nobody clicks.
        for (let view = 0; view < 3; view += 1) await (await fleet.open(context, article())).close();
        expect(await fleet.spent()).toEqual(before);

        const tab = await fleet.open(context, article());
        await tab.getByRole('button', { name: 'Figure 1, live' }).click();
        const notebook = frameNamed(tab, 'Figure 1, live');
        await compute(tab, notebook);
        await tab.screenshot({ path: `${shots}${name}.png` });
        const first = await sandboxAt(tab, /intro\.ipynb/);
        expect(await fleet.spent()).toEqual([before[0] + 1, before[1] + 1]);

        await tab.getByRole('button', { name: 'Close' }).click();
        await notebook.locator('body').waitFor({ state: 'hidden' });
        await tab.getByRole('button', { name: 'Figure 1, live' }).click();
        await notebook.getByText('42', { exact: true }).first().waitFor();
        await tab.getByRole('button', { name: 'Close' }).click();

        await tab.getByRole('button', { name: 'All files' }).click();
        await frameNamed(tab, 'All files').getByText('intro.ipynb').first().waitFor();
        expect(await sandboxAt(tab, /\/tree/)).toBe(first);

        await tab.reload();
        await tab.getByRole('button', { name: 'Figure 1, live' }).click();
        expect(await sandboxAt(tab, /intro\.ipynb/)).toBe(first);
        expect(await fleet.spent()).toEqual([before[0] + 1, before[1] + 1]);

        // Another reader.
        const other = await fleet.open(browser, article());
        await other.getByRole('button', { name: 'Figure 1, live' }).click();
        expect(await sandboxAt(other, /intro\.ipynb/)).not.toBe(first);
        expect(await fleet.spent()).toEqual([before[0] + 2, before[1] + 2]);
        await other.context().close();
        await context.close();
      }, 180_000);
    });
  },
);

describeNeeding(['chromium'], 'the article of the demo', ({ chromium }) => {
  test.each([
    ['a host name for each sandbox', []],
    ['one host name', ['--no-own-origin']],
  ])('opens a notebook in its lightbox, and the same one again: %s', async (_, flags) => {
    const demo = startDemo(['--engine', 'local', ...flags]);
    const browser = await launchChromium(chromium.executablePath);
    try {
      await demo.front();
      const [, article = ''] = await demo.printed(/(http:\/\/article\.localhost:\d+\/)/, 5_000);
      const tab = await browser.newPage({ viewport: { width: 1100, height: 800 } });
      await tab.goto(article);
      if (flags.length === 0) await tab.screenshot({ path: `${shots}article.png` });
      const ids: string[] = [];
      for (let click = 0; click < 2; click += 1) {
        await tab.getByRole('button').click();
        const notebook = frameNamed(tab, 'Figure 1, live');
        await notebook.locator('#code').fill('6*7');
        await notebook.locator('#code').press('Enter');
        await notebook.locator('#output .result', { hasText: '42' }).first().waitFor();
        ids.push(await sandboxAt(tab, /user/));
        await tab.reload();
      }
      expect(new Set(ids).size).toBe(1);
    } finally {
      await browser.close();
      await demo.end();
    }
  });
});

describeNeeding(['chromium'], 'the script of an article', ({ chromium }) => {
  let fleet: ArticleFleet;
  let browser: Browser;
  beforeAll(async () => {
    const nodeFlags = [
      '--engine',
      'local',
      '--ephemeral',
      '--capacity',
      '6',
      '--warm',
      '6',
      '--client-sandboxes',
      '0',
    ];
    [fleet, browser] = await Promise.all([
      ArticleFleet.start({ nodeFlags, warm: 6 }),
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
      await work(await fleet.open(context, page(fleet, figures, options.head), site), context);
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
      expect(await tab.evaluate('getComputedStyle(document.documentElement).overflowY')).not.toBe('hidden');
      expect(await tab.evaluate('document.activeElement.shadowRoot.activeElement.textContent')).toBe(
        'Try it',
      );
    });
  });

  test('asks nothing of the fleet but itself before the click', async () => {
    await withTab([], async (tab) => {
      const asked: string[] = [];
      tab.on('request', (request) => asked.push(request.url()));
      fleet.html = page(fleet, [one]);
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

  test('works where the page’s policy allows no inline styles or scripts, and says so where it allows no forms', async () => {
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
    // The launch page's button is the second click that is needed then.
    await withTab(
      [one],
      async (tab) => {
        await tab.getByRole('button', { name: 'Try it' }).click();
        await frameNamed(tab, 'Try it').getByRole('button', { name: 'Open my notebook' }).click();
        await sandboxAt(tab, /intro/);
      },
      { head: strict("'none'") },
    );
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

function page(fleet: ArticleFleet, figures: readonly FigureAttributes[], head = ''): string {
  const scripts = figures.map(
    ({ path, label, more = '' }) =>
      `<p><script src="${fleet.front}/embed.js" data-path="${path}" ${label === '' ? '' : `data-label="${label}"`} ${more}></script></p>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}<title>${TITLE}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><h1>${TITLE}</h1>
<button id="mine">Mine</button><div id="place" style="width: 500px; height: 300px"></div>
${scripts.join('')}<p style="height: 2000px">Text <a href="#">with a link</a></p></body></html>`.replace(
    /<button id="mine">.*?<\/div>\n/s,
    (own) => (figures.some(({ more }) => more?.includes('#mine')) ? own : ''),
  );
}

const frameNamed = (tab: Page, title: string): FrameLocator => tab.frameLocator(`iframe[title="${title}"]`);

/** The id of the sandbox in a frame of the tab, once one shows that address. */
async function sandboxAt(tab: Page, address: RegExp): Promise<string> {
  const find = (): string | undefined =>
    tab
      .frames()
      .map((frame) => frame.url())
      .find((url) => url.includes('/user/') && address.test(url));
  await until(`a frame shows ${address}`, () => find() !== undefined, 60_000);
  return /\/user\/([^/]+)\//.exec(find() ?? '')?.[1] ?? '';
}

/** In a classic notebook: a new cell, run by keys. */
async function compute(tab: Page, notebook: FrameLocator): Promise<void> {
  await notebook.locator('.code_cell .CodeMirror').first().waitFor({ timeout: 60_000 });
  await notebook.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor({ timeout: 60_000 });
  await notebook.locator('.code_cell .CodeMirror').first().click();
  await tab.keyboard.press('Control+A');
  await tab.keyboard.type('6*7');
  await tab.keyboard.press('Shift+Enter');
  await notebook.getByText('42', { exact: true }).first().waitFor({ timeout: 30_000 });
}
