// The launch page in a real browser: what it shows after the press, and that one press is one request. And what a reader sees
// who clicked a link, while their sandbox starts.

import { mkdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { answerPage } from '../../shared/http/answer.ts';
import { type Serving, serve } from '../../shared/http/serving.ts';
import { LAUNCH_WORDS } from '../../shared/words/launch.ts';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent } from '../support/agent.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { READER_PAGES } from '../support/reader-pages.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/pages/', import.meta.url));
mkdirSync(shots, { recursive: true });
const { asked, waiting, slow, open } = LAUNCH_WORDS.en;

/** Its time runs twenty times as fast. It logs what it shows, and tries to send its form again after the press. */
const WATCH = `
const wait = setTimeout;
window.setTimeout = (work, ms, ...rest) => wait(work, ms / 20, ...rest);
addEventListener('DOMContentLoaded', () => {
  const status = document.querySelector('[role=status]'), button = document.querySelector('button');
  if (status === null) return;
  new MutationObserver(() => {
    const focus = document.activeElement === status ? ' (focus)' : '';
    console.log(status.textContent + focus + (button.checkVisibility() ? ' [' + button.textContent + ']' : ''));
    if (!button.checkVisibility()) document.forms[0].requestSubmit();
  }).observe(status, { childList: true });
});`;

describeNeeding(['chromium'], 'the launch page', ({ chromium }) => {
  let browser: Browser;
  let site: Serving;
  /** Presses that wait for their answer. */
  let presses: { readonly url: string; readonly response: ServerResponse }[] = [];
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
    site = await serve({
      ...{ what: 'the page', host: '127.0.0.1', port: 0, flag: '--port' },
      handle: ({ method, url = '' }, response) => {
        if (method === 'POST') presses.push({ url, response });
        else if (url === '/launch' && READER_PAGES.launch !== undefined)
          answerPage(response, 200, READER_PAGES.launch);
        else response.end('there');
      },
    });
  });
  beforeEach(() => {
    presses = [];
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close(0);
  });

  const pressed = (): Promise<unknown> => until('it is pressed', () => presses.length > 0);
  const answer = (): void => {
    for (const { response } of presses) response.writeHead(303, { location: '/there' }).end();
  };
  /** The page, and what it has shown. The page itself says it: while it waits for an answer, playwright waits, too. */
  const openPage = async (): Promise<{ readonly page: Page; readonly shown: string[] }> => {
    const page = await browser.newPage();
    const shown: string[] = [];
    page.on('console', (message) => shown.push(message.text()));
    await page.addInitScript(WATCH);
    await page.goto(`${site.url}/launch#cell-3`);
    return { page, shown };
  };

  test('says what it knows while it waits, and one press is one request', async () => {
    const { page, shown } = await openPage();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    // The focus is where the news is. When that takes long, the button is there again.
    const all = [`${asked} (focus)`, `${waiting} (focus)`, `${slow} (focus) [${open}]`];
    await until('it has said all', () => shown.length >= all.length);
    expect(shown).toEqual(all);
    expect(presses.map(({ url }) => url)).toEqual(['/notebooks/intro.ipynb']);
    answer();
    await page.waitForURL(`${site.url}/there#cell-3`);
    await page.close();
  });

  test('offers the button again when its reader comes back', async () => {
    const { page } = await openPage();
    const button = page.getByRole('button', { name: open });
    await button.click({ noWaitAfter: true });
    await pressed();
    answer();
    await page.waitForURL('**/there#cell-3');
    await page.goBack();
    await button.waitFor();
    await page.close();
  });

  test('works without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${site.url}/launch`);
    await page.getByRole('button', { name: open }).click({ noWaitAfter: true });
    await pressed();
    answer();
    await page.waitForURL('**/there');
    await context.close();
  });

  test.each([true, false])(
    'a start is waited for in words, then the notebook opens (scripts: %s)',
    async (javaScriptEnabled) => {
      const agent = await startAgent({ warm: '0', command: `sh -c 'sleep 3; exec ${LIGHT_COMMAND}'` });
      onTestFinished(() => agent.close());
      const context = await browser.newContext({ javaScriptEnabled });
      const page = await context.newPage();
      const words = page.getByRole('heading', { name: asked });
      await page.addInitScript(`addEventListener('pagehide', () => {
        if (location.pathname === '/notebooks/intro.ipynb') sessionStorage.links = [...document.links].filter((link) => link.checkVisibility()).length;
      });`);
      const arrival = page.waitForRequest(/\/user\//);
      await page.goto(`${agent.url}/notebooks/intro.ipynb?x=1#cell-3`, { waitUntil: 'commit' });
      await words.waitFor();
      expect(await page.getByRole('status').textContent()).toBe(waiting);
      if (javaScriptEnabled) await page.screenshot({ path: `${shots}preparing.png` });
      // Without scripts, a browser does not keep the fragment.
      await page.waitForURL(
        new RegExp(`/user/[^/]+/notebooks/intro\\.ipynb\\?x=1${javaScriptEnabled ? '#cell-3' : ''}$`),
      );
      expect(await page.textContent('body')).toBe('ok');
      expect(agent.pool.status().claims).toBe(1);
      // Who presses a link while the browser is on its way would use the code up, and lose the answer.
      if (javaScriptEnabled) expect(await page.evaluate('sessionStorage.links')).toBe('0');
      // The page's address may have a ticket.
      expect((await (await arrival).allHeaders()).referer).toBeUndefined();
      await context.close();
    },
  );
});
