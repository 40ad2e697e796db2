// A reader whose browser keeps no cookies in frames, not even partitioned ones: their clicks in an article waste nothing, and
// the notebook opens in a tab of its own.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchProfile } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { articlePage, frameNamed } from '../support/article-page.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });
const WARM = 3;
const BLOCK = 2;

/** Of Chromium: no page of the fleet may keep a cookie in a frame of the article. In a tab of its own it may. */
const preferences = (article: string) => ({
  profile: {
    cookie_controls_mode: 1,
    block_third_party_cookies: true,
    content_settings: {
      exceptions: { cookies: { [`https://[*.]tmpfleet.test,${article}`]: { setting: BLOCK } } },
    },
  },
});

describeNeeding(['chromium'], 'in a frame whose browser keeps no cookies', ({ chromium }) => {
  describe.each([
    ['one host name', []],
    ['a host name for each sandbox', ['--sandbox-domain', 'node1.tmpfleet.test']],
  ])('%s', (name, flags) => {
    const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-profile-'));
    let fleet: ArticleFleet;
    let profile: BrowserContext;
    beforeAll(async () => {
      const pool = ['--engine', 'local', '--ephemeral', '--capacity', '3', '--warm', String(WARM)];
      fleet = await ArticleFleet.start({ nodeFlags: [...pool, ...flags], warm: WARM });
      profile = await launchProfile(chromium.executablePath, dir, preferences(fleet.article));
    }, 120_000);
    afterAll(async () => {
      await profile?.close();
      await fleet?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    test('three clicks waste nothing, and the button opens a working notebook in a tab', async () => {
      const figure = { path: '/notebooks/intro.ipynb?x=1#here', label: 'Figure 1, live' };
      const tab = await fleet.open(profile, articlePage(fleet, [figure]));
      const frame = frameNamed(tab, 'Figure 1, live');
      const link = frame.getByRole('link', { name: 'Open my notebook in a new tab' });
      for (let click = 1; click <= 3; click += 1) {
        await tab.getByRole('button', { name: 'Figure 1, live' }).click();
        await link.waitFor();
        expect(await fleet.reports()).toMatchObject([{ warm: WARM, held: 0 }]);
        if (click < 3) await tab.reload({ waitUntil: 'networkidle' });
      }
      await frame.getByRole('heading', { name: 'Your notebook needs a tab of its own' }).waitFor();
      await tab.screenshot({ path: `${shots}no-cookies-${name.replaceAll(' ', '-')}.png` });

      const opened = profile.waitForEvent('page');
      await link.click();
      const notebook = await opened;
      await notebook.locator('#code').fill('6*7');
      await notebook.locator('#code').press('Enter');
      await notebook.locator('#output .result', { hasText: '42' }).waitFor();
      expect(notebook.url()).toMatch(/\/user\/[0-9a-f]+\/notebooks\/intro\.ipynb\?x=1#here$/);
      const [report] = await fleet.reports();
      expect(report?.held).toBe(1);
      // Another click in the article leads to the same page, and costs the reader nothing of what is left.
      await tab.reload({ waitUntil: 'networkidle' });
      await tab.getByRole('button', { name: 'Figure 1, live' }).click();
      await link.waitFor();
      await until('only the tab holds one', async () => (await fleet.reports())[0]?.held === 1);
    });
  });
});
