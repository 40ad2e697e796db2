// The fleet page in a real browser: what an operator sees and does there, with real processes behind it.
import { rmSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium } from '../../lab/chromium.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { type Demo, startDemo } from '../../support/demo.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import { Bench, post } from '../support.ts';
import { live, openFleetPage, type RedirectorProcess, startRedirectorProcess } from './bed.ts';

const TOKEN = 'a-token-of-the-fleet-page';

describeNeeding(['chromium'], 'the fleet page', ({ chromium }) => {
  let browser: Browser;
  let faults: string[];
  const bench = new Bench();

  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  });
  afterAll(() => browser.close());
  beforeEach(() => {
    faults = [];
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await bench.clear();
    expect(faults).toEqual([]);
  });

  /** The console errors that are expected in this test. */
  const forgive = (pattern: RegExp): void => {
    faults.splice(0, faults.length, ...faults.filter((fault) => !pattern.test(fault)));
  };
  /** Does not wait for data: the page may ask for a token, or show that the redirector does not answer. */
  const open = async (control: string, options: Parameters<typeof openFleetPage>[2] = {}): Promise<Page> => {
    const opened = await openFleetPage(browser, control, options);
    faults = opened.faults;
    return opened.page;
  };
  const front = async (...given: Parameters<typeof startRedirectorProcess>): Promise<RedirectorProcess> =>
    bench.keep(await startRedirectorProcess(...given));
  const add = async ({ control }: RedirectorProcess, id: string, url: string): Promise<void> => {
    expect((await post(`${control}/api/nodes`, { id, url, probe: false })).status).toBe(201);
  };

  describe('of a fleet of two nodes', () => {
    let demo: Demo;
    let url: string;
    let names: readonly string[];

    beforeAll(async () => {
      demo = startDemo(['--engine', 'local', '--nodes', '2', '--capacity', '3', '--warm', '2']);
      url = await demo.front();
      names = [1, 2].map((number) => `demo-${new URL(url).port}-${number}`);
    });
    afterAll(() => demo.end());

    const rowOf = (page: Page, number: number): Locator =>
      page.locator('.node', { has: page.getByRole('link', { name: names[number - 1] ?? '' }) });
    const badge = (page: Page, number: number, text: string): Promise<void> =>
      rowOf(page, number).locator('.badge', { hasText: text }).waitFor();

    test('its numbers change as readers come', async () => {
      const page = await open(demo.control());
      await page.locator('#total-held', { hasText: '0 of 6' }).waitFor();
      await badge(page, 2, 'ready');
      const landings = await Promise.all(Array.from({ length: 3 }, () => new Reader().click(`${url}/`)));
      expect(landings.map(({ status }) => status)).toEqual([200, 200, 200]);
      await page.locator('#total-held', { hasText: '3 of 6' }).waitFor();
      const held = await page.locator('.numbers').allTextContents();
      expect(held.reduce((sum, text) => sum + Number.parseInt(text, 10), 0)).toBe(3);
      await page.locator('#readers-chart[aria-label*="arrivals 3,"]').waitFor();
      await page.locator('#held-chart canvas').waitFor();
      expect(await page.title()).toBe('Fleet: 2 nodes, 2 ready');
    });

    test('a node is cordoned and uncordoned by keyboard, and the focus stays where it was', async () => {
      const page = await open(demo.control());
      await badge(page, 1, 'ready');
      await page.getByRole('button', { name: `Cordon ${names[0]}`, exact: true }).press('Enter');
      await badge(page, 1, 'cordoned');
      await page.locator('#news', { hasText: `${names[0]} takes no new readers` }).waitFor();
      const button = page.getByRole('button', { name: `Uncordon ${names[0]}` });
      await button.waitFor();
      expect(await page.locator(':focus').getAttribute('aria-label')).toBe(`Uncordon ${names[0]}`);
      await page.keyboard.press('Enter');
      await badge(page, 1, 'ready');
    });

    test('a drain keeps readers until its deadline; draining the last node needs a second confirmation', async () => {
      const page = await open(demo.control());
      await new Reader().click(`${url}/`);
      const busy = await until('the node has a reader', async () => {
        const numbers = await page.locator('.numbers').allTextContents();
        const index = numbers.findIndex((text) => Number.parseInt(text, 10) > 0);
        return index < 0 ? undefined : index + 1;
      });
      await rowOf(page, busy)
        .getByRole('button', { name: /^Drain/ })
        .click();
      await page.getByLabel('Deadline').selectOption('10m');
      await page.getByRole('button', { name: 'Drain it' }).click();
      await badge(page, busy, 'draining');
      const remark = await rowOf(page, busy).locator('.remark').textContent();
      expect(remark).toMatch(
        /^\d readers? left; those still there at \d\d:\d\d \(in (9|10) min\) are ended$/,
      );

      const last = 3 - busy;
      await rowOf(page, last)
        .getByRole('button', { name: /^Cordon/ })
        .click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(`${names[last - 1]} is the last node that takes readers`).waitFor();
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await rowOf(page, last)
        .getByRole('button', { name: /^Drain/ })
        .click();
      await dialog.getByLabel('Deadline').selectOption('0s');
      await dialog.getByRole('button', { name: 'Drain it' }).click();
      await dialog.getByRole('button', { name: 'Drain it all the same' }).click();
      await badge(page, last, 'drained');
      forgive(/status of 409/);
      for (const number of [busy, last]) {
        await rowOf(page, number)
          .getByRole('button', { name: /^Uncordon/ })
          .click();
        await badge(page, number, 'ready');
      }
    });

    test('a node is removed and added again, and an invalid address is refused with a clear message', async () => {
      const page = await open(demo.control());
      const address = (await rowOf(page, 2).locator('.address').textContent()) ?? '';
      await rowOf(page, 2)
        .getByRole('button', { name: /^Remove/ })
        .click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Remove it' }).click();
      await rowOf(page, 2).waitFor({ state: 'detached' });
      expect(await page.locator('.node').count()).toBe(1);
      await page.getByRole('button', { name: 'Add a node…' }).click();
      await dialog.getByLabel('Address').fill('ftp://node7.example.org');
      await dialog.getByRole('button', { name: 'Add it' }).click();
      await dialog.getByText('url: ftp:// is not http or https').waitFor();
      // The browser logs a refused request as an error; the page shows it, above, and logs none of its own.
      forgive(/status of 4\d\d/);
      await dialog.getByLabel('Address').fill(address);
      await dialog.getByLabel('Name').fill(names[1] ?? '');
      await dialog.getByRole('button', { name: 'Add it' }).click();
      await badge(page, 2, 'ready');
    });
  });

  test('without a node it shows the command that adds one', async () => {
    const { control } = await front();
    const page = await open(control);
    await page.getByText('No nodes yet.').waitFor();
    await page.getByText(`curl -X POST ${control}/api/nodes -d`).waitFor();
    await page.getByText('npx tmpfleet node-agent').waitFor();
  });

  test('asks for the token once, keeps it for the tab, and never puts it into an address', async () => {
    const redirector = await front([], { TMPFLEET_CONTROL_TOKEN: TOKEN });
    const page = await open(redirector.control);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const field = page.getByLabel('Control token');
    await field.fill('a-token-of-somebody-else');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token').waitFor();
    expect(await page.locator('#board').isVisible()).toBe(false);
    await field.fill(TOKEN);
    await page.keyboard.press('Enter');
    await live(page);
    await page.getByText('No nodes yet.').waitFor();
    await page.reload();
    await live(page);
    await page.getByRole('button', { name: 'Add a node…' }).click();
    await page.getByRole('dialog').getByLabel('Address').fill('http://127.0.0.1:1');
    await page.getByRole('dialog').getByRole('button', { name: 'Add it' }).click();
    await until('it was sent', () => asked.some((url) => url.endsWith('/api/nodes')));
    await page.keyboard.press('Escape');
    expect(asked.filter((url) => url.includes(TOKEN))).toEqual([]);
    expect(await page.context().cookies()).toEqual([]);
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await field.waitFor();
    await page.reload();
    await field.waitFor();
    forgive(/status of (4\d\d|502)/);
  });

  test('text from nodes is shown as text, never as HTML', async () => {
    const redirector = await front();
    const evil = '<img src="/x" onerror="document.title=1"><script>document.title=2</script>';
    const node = await bench.node();
    node.override = (_request, response) => {
      const { fleet, ...stats } = node.stats();
      const said = {
        ...stats,
        version: evil.slice(0, 128),
        container_image: evil,
        fleet: { ...fleet, image: evil },
      };
      response.end(JSON.stringify(said));
      return true;
    };
    const babbler = await bench.server((_request, response) =>
      response.end(`{"available":"${evil.replaceAll('"', "'")}"}`),
    );
    await add(redirector, 'evil', node.url);
    await add(redirector, 'babbler', babbler.url);
    const page = await open(redirector.control, { viewport: { width: 375, height: 700 } });
    await page.locator('.node').filter({ hasText: evil }).waitFor();
    await page.locator('.remark', { hasText: "<img src='/x' onerror=" }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('Fleet: 2 nodes, 1 ready, 1 unreachable');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
  });

  test('fits a phone, in dark mode too, with the longest names allowed', async () => {
    const redirector = await front();
    const node = await bench.node({ warm: 900_000, capacity: 1_000_000 });
    await add(redirector, 'n'.repeat(63), node.url);
    const page = await open(redirector.control, {
      ...{ viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
    });
    await page.locator('#total-held', { hasText: 'of 1000000' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe('rgb(23, 24, 26)');
    await page.emulateMedia({ colorScheme: 'light' });
    await until('it turns light', async () => {
      const colour = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      return colour === 'rgb(251, 250, 248)';
    });
  });

  test('notices that a redirector hangs, and when it goes on', async () => {
    const { control, run } = await front();
    const page = await (await browser.newContext()).newPage();
    await page.clock.install();
    await page.goto(`${control}/fleet`);
    await live(page);
    run.process.kill('SIGSTOP');
    bench.keep({ close: async () => void run.process.kill('SIGCONT') });
    await page.clock.fastForward(21_000);
    await page.locator('#connection[data-state="lost"]').waitFor();
    run.process.kill('SIGCONT');
    // Longer than the page waits between two attempts.
    await page.clock.fastForward(16_000);
    await live(page);
  });

  test('closes its connection while its tab is hidden, and opens it again', async () => {
    const { control } = await front();
    const page = await (await browser.newContext()).newPage();
    await page.clock.install();
    await page.goto(`${control}/fleet`);
    await live(page);
    // A browser without a screen never hides a tab by itself.
    const turn = (state: string): Promise<unknown> =>
      page.evaluate(
        `Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`,
      );
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/api/events'));
    await turn('hidden');
    await page.clock.fastForward(61_000);
    await page.getByText('paused while this tab is hidden').waitFor();
    await ended;
    await turn('visible');
    await live(page);
  });

  test('shows that the connection is lost, and finds the redirector again when it is back', async () => {
    const first = await startRedirectorProcess();
    const node = await bench.node({ warm: 4 });
    await add(first, 'steady', node.url);
    const page = await open(first.control);
    await page.locator('.badge', { hasText: 'ready' }).waitFor();
    await first.run.stop();
    await page
      .locator('#connection', { hasText: 'connection lost; numbers are old, trying again' })
      .waitFor();
    const { port } = new URL(first.control);
    const again = bench.keep(await startRedirectorProcess(['--control-port', port], {}, first.dir));
    expect(again.control).toBe(first.control);
    node.warm = 2;
    await live(page);
    await page.locator('.numbers', { hasText: '2 warm' }).waitFor();
    rmSync(first.dir, { recursive: true, force: true });
    // While the redirector was away the browser logged failed requests.
    forgive(/ERR_(CONNECTION|INCOMPLETE|EMPTY)/);
  });
});
