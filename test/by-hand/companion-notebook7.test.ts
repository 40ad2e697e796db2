// The companion in a page of a real Notebook 7, which is made of JupyterLab's parts and never reloads.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/notebook7/', import.meta.url));
mkdirSync(shots, { recursive: true });
const EDITOR = '.jp-Notebook .jp-CodeCell .cm-content';

describeNeeding(['docker', 'notebook7', 'chromium'], 'Notebook 7', ({ docker, notebook7, chromium }) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  });
  afterAll(() => browser?.close());

  test('is warned when it is left alone, a key keeps it, and a drain is announced', async () => {
    const agent = await startAgent({
      ...{ engine: 'docker', dockerHost: docker.host, image: notebook7.image, pull: 'never' },
      ...{ capacity: '1', cullInterval: '500ms', idle: '30s', keepBusy: false },
    });
    onTestFinished(() => agent.close());
    await agent.warm(1);
    const tab = await (await browser.newContext({ viewport: { width: 1100, height: 720 } })).newPage();
    await tab.goto(`${agent.url}/notebooks/intro.ipynb`);
    const panel: Locator = tab.locator('tmpfleet-companion .box');
    const held = () => agent.pool.table.all().find(({ key }) => key !== undefined);
    await tab.locator(EDITOR).first().waitFor({ timeout: 60_000 });
    await tab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor({ timeout: 60_000 });
    await tab.screenshot({ path: `${shots}open.png` });
    await tab.locator(EDITOR).first().click();
    await tab.keyboard.press('Control+Enter');
    await tab.locator('.jp-OutputArea-output', { hasText: '42' }).first().waitFor({ timeout: 60_000 });
    const warning = panel.getByText('has not been used for a while');
    const usedAt = (): number => held()?.lastUse ?? 0;
    const isUse = async (work: () => Promise<unknown>): Promise<void> => {
      await warning.waitFor({ timeout: 60_000 });
      const before = usedAt();
      await work();
      await until('it is use', () => usedAt() > before);
      await warning.waitFor({ state: 'hidden' });
    };
    await isUse(async () => {
      await tab.screenshot({ path: `${shots}warned.png` });
      await tab.keyboard.press('Enter');
    });
    await tab.locator(EDITOR).first().click();
    await isUse(() => tab.keyboard.type('  # a remark'));
    expect(await tab.locator(EDITOR).first().textContent()).toContain('a remark');
    await fetch(`${agent.controlUrl}/api/drain`, {
      method: 'POST',
      body: JSON.stringify({ deadline: '0s' }),
    });
    await panel.getByText('its computer was taken out of service').waitFor({ timeout: 5_000 });
    await tab.screenshot({ path: `${shots}ended.png` });
    expect(await tab.getByRole('link', { name: 'Open a new notebook' }).getAttribute('href')).toBe(
      '/spawn/notebooks/intro.ipynb',
    );
  }, 240_000);
});
