// The recipes of docs/embed.md for pages of other tools, word for word but for the names of the sites, in a real browser.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { run } from '../lab/run.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { sandboxAt } from '../support/article-page.ts';

describeNeeding(
  ['docker', 'jupyter', 'chromium', 'thebe', 'sphinx'],
  'the recipes for pages of other tools',
  ({ docker, jupyter, chromium, thebe, sphinx }) => {
    let fleet: ArticleFleet;
    let browser: Browser;
    beforeAll(async () => {
      const engine = ['--engine', 'docker', '--docker-host', docker.host, '--image', jupyter.image];
      const pool = ['--ephemeral', '--capacity', '2', '--warm', '2', '--client-sandboxes', '0'];
      const nodeFlags = [...engine, '--pull', 'never', ...pool];
      [fleet, browser] = await Promise.all([
        ArticleFleet.start({ nodeFlags, warm: 2, allowScripts: true }),
        launchChromium(chromium.executablePath),
      ]);
    }, 180_000);
    afterAll(async () => {
      await browser?.close();
      await fleet?.stop();
    }, 60_000);

    /** A block of code of docs/embed.md, of this fleet. */
    const recipe = (heading: string, language: string): string => {
      const [, section = ''] = readFileSync('docs/embed.md', 'utf8').split(`## ${heading}\n`);
      const [, block = ''] = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(section) ?? [];
      expect(block).toContain('https://try.example.org');
      return block.replaceAll('https://try.example.org', fleet.front);
    };

    test('thebe runs the code of the page in a sandbox of the reader, asked for at the click', async () => {
      fleet.folders.set('thebe', join(thebe.dir, 'lib'));
      const before = await fleet.spent();
      const html = `<!doctype html><meta charset="utf-8"><title>Thebe</title>${recipe('Code of the page itself: thebe', 'html')}`;
      const tab = await fleet.open(browser, html);
      expect(await fleet.spent()).toEqual(before);
      await tab.getByRole('button', { name: 'Run this page' }).click();
      await tab.getByText('Ready: run the code.').waitFor({ timeout: 60_000 });
      await tab.locator('.thebe-run-button').click();
      await tab.locator('.jp-OutputArea-output', { hasText: '42' }).waitFor({ timeout: 30_000 });
      expect(await fleet.spent()).toEqual([before[0] + 1, before[1] + 1]);
      await tab.context().close();
    });

    test('a page that Sphinx makes of MyST has the button, which opens a notebook in the lightbox', async () => {
      const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-sphinx-'));
      try {
        writeFileSync(join(dir, 'conf.py'), "project = 'Numbers'\nextensions = ['myst_parser']\n");
        writeFileSync(join(dir, 'index.md'), recipe('Sphinx, MyST and Jupyter Book', 'md'));
        await run(sphinx.executablePath, ['-q', '-W', dir, join(dir, 'out')], { timeout: 60_000 });
        fleet.folders.set('_static', join(dir, 'out', '_static'));
        const tab = await fleet.open(browser, readFileSync(join(dir, 'out', 'index.html'), 'utf8'));
        await tab.getByRole('button', { name: 'Try it' }).click();
        await sandboxAt(tab, /intro\.ipynb/);
        await tab.context().close();
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  },
);
