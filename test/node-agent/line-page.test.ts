// The page of a reader in line at a node without a front, in a real browser: it opens the notebook by itself.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Reader } from '../support/reader.ts';

describeNeeding(['chromium'], 'the page of a reader in line at a node', ({ chromium }) => {
  let browser: Browser;
  let agent: TestAgent;
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  }, 120_000);
  afterAll(() => browser?.close());
  afterEach(() => agent.close());

  test.each([true, false])(
    'opens the notebook by itself, with scripts: %s',
    async (javaScriptEnabled) => {
      agent = await startAgent({ capacity: '1' });
      await agent.warm(1);
      const { sandbox = '' } = await new Reader().click(`${agent.url}/tree`);
      const context = await browser.newContext({ javaScriptEnabled });
      try {
        const tab = await context.newPage();
        await tab.goto(`${agent.url}/tree?x=1#part`);
        expect(await tab.locator('#position').innerText()).toBe('Your place in line: 1');
        // Without scripts, the request of the page's refresh is held.
        agent.pool.end(sandbox, 'left');
        await tab.waitForURL(/\/user\/[0-9a-f]+\/tree\?x=1/, { waitUntil: 'commit', timeout: 30_000 });
        expect(new URL(tab.url()).pathname).not.toContain(sandbox);
        if (javaScriptEnabled) expect(tab.url()).toMatch(/#part$/);
        expect(agent.pool.status().held).toBe(1);
      } finally {
        await context.close();
      }
    },
    60_000,
  );
});
