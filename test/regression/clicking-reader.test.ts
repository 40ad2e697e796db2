// Seen: the reader of an app without a kernel, who went to and fro between two of its pages, lost the sandbox after `--idle`. Why: a
// GET of an address that was asked for within the last 90 s counted as a poll, whoever asked. Holds now: what the browser says
// to be done by the reader's hand is use, however often; a page that loads itself again is none.
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const PAGES = fileURLToPath(new URL('../support/pages-server.mjs', import.meta.url));
const IDLE_MS = 2_000;

describeNeeding(['chromium'], 'an app without a kernel', ({ chromium }) => {
  let browser: Browser;
  let agent: TestAgent;
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  });
  afterAll(() => browser.close());
  afterEach(() => agent.close());

  const open = async (path: string): Promise<Page> => {
    // Without a companion, which reports clicks itself.
    const flags = { capacity: '1', idle: `${IDLE_MS}ms`, cullInterval: '100ms', companion: false };
    agent = await startAgent({ ...flags, command: `${process.execPath} ${PAGES} /{base_path}/ {ip} {port}` });
    await agent.warm(1);
    const tab = await browser.newPage();
    await tab.goto(`${agent.url}/spawn/${path}`);
    return tab;
  };
  const endedIdle = (): boolean => agent.pool.table.endings().idle === 1;

  test('is kept by a reader who clicks to and fro between two pages, and ends without them', async () => {
    const tab = await open('first');
    const until3 = performance.now() + 3 * IDLE_MS;
    for (let page = 'Second'; performance.now() < until3; page = page === 'First' ? 'Second' : 'First') {
      await tab.getByRole('link', { name: 'next' }).click();
      await tab.getByRole('heading', { name: page }).waitFor();
    }
    expect(endedIdle()).toBe(false);
    await until('the sandbox is idle', endedIdle);
    await tab.close();
  });

  test('is not kept by a page that loads itself again', async () => {
    const tab = await open('reloads');
    await until('the sandbox is idle', endedIdle);
    await tab.close();
  });
});
