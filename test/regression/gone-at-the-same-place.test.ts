// Seen: the page for a notebook that is gone led to a new one without the query, and then without the fragment, of the address that
// its reader had kept; tmpnb heals such a bookmark by itself. Holds now: one click opens a new one at the same place: path, query
// and fragment, but not the key of the old one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';

describeNeeding(['chromium'], 'a notebook that is gone', ({ chromium }) => {
  let browser: Awaited<ReturnType<typeof launchChromium>>;
  let agent: TestAgent;
  beforeAll(async () => {
    [browser, agent] = await Promise.all([
      launchChromium(chromium.executablePath),
      startAgent({ capacity: '1' }),
    ]);
    await agent.warm(1);
  });
  afterAll(async () => {
    await browser?.close();
    await agent?.close();
  });

  test('is opened anew by one click, at the same place', async () => {
    const tab = await browser.newPage();
    await tab.goto(`${agent.url}/user/was-once/notebooks/x.ipynb?a=1&token=old#cell-3`);
    await tab.getByText('This notebook is gone').waitFor();
    await tab.locator('a.button').click();
    await tab.waitForURL(/\/user\/(?!was-once)/);
    await tab.getByText('ok').waitFor();
    expect(tab.url()).toMatch(/\/notebooks\/x\.ipynb\?a=1#cell-3$/);
  });
});
