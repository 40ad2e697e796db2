// An article on another site, with a real Jupyter in its lightbox; and the article of the demo.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { articlePage, frameNamed, sandboxAt } from '../support/article-page.ts';
import { startDemo } from '../support/demo.ts';

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

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
      articlePage(fleet, [
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
        browser = await launchBrowser(chromium.executablePath, { args: [...args] });
      });
      afterAll(() => browser?.close());

      test('one click, and 6*7 is 42; closed and opened, in another figure, and after a reload it is the same', async () => {
        const before = await fleet.spent();
        const context = await browser.newContext({ ignoreHTTPSErrors: true });
        // Three views of the article, and no click.
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
    const browser = await launchBrowser(chromium.executablePath);
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
