// The companion in the pages of a real Jupyter, which never reload.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

describeNeeding(['docker', 'jupyter', 'chromium'], 'in a real Jupyter', ({ docker, jupyter, chromium }) => {
  let browser: Browser;
  let agent: TestAgent;
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await agent.close();
  });

  const start = async (flags: Readonly<Record<string, string | boolean>>): Promise<void> => {
    const engine = { engine: 'docker', dockerHost: docker.host, image: jupyter.image, pull: 'never' };
    agent = await startAgent({
      ...engine,
      nodeId: 'companion',
      capacity: '1',
      cullInterval: '500ms',
      ...flags,
    });
    await agent.warm(1);
  };
  const openTab = async (path: string): Promise<Page> => {
    const tab = await (await browser.newContext({ viewport: { width: 1100, height: 720 } })).newPage();
    await tab.goto(`${agent.url}/spawn/${path}`);
    return tab;
  };
  const panelOf = (tab: Page): Locator => tab.locator('tmpfleet-companion .box');
  const drain = (deadline: string) =>
    fetch(`${agent.controlUrl}/api/drain`, { method: 'POST', body: JSON.stringify({ deadline }) });
  const usedAt = (): number => agent.pool.table.all().find(({ key }) => key !== undefined)?.lastUse ?? 0;

  /** With a kernel that is idle. */
  const openNotebook = async (): Promise<Page> => {
    const tab = await openTab('notebooks/intro.ipynb');
    await tab.locator('.code_cell .CodeMirror').first().waitFor({ timeout: 60_000 });
    await tab.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor({ timeout: 60_000 });
    return tab;
  };
  const run = async (tab: Page, code: string): Promise<void> => {
    await tab.locator('.code_cell .CodeMirror').first().click();
    await tab.keyboard.press('ControlOrMeta+a');
    await tab.keyboard.type(code);
    await tab.keyboard.press('Control+Enter');
  };

  test('an open notebook is warned before an end for lack of use, kept by one key, and told of a drain and of its end', async () => {
    await start({ idle: '40s', keepBusy: false });
    const tab = await openNotebook();
    await panelOf(tab).getByText('has not been used for a while').waitFor({ timeout: 80_000 });
    await tab.screenshot({ path: `${shots}companion.png` });
    const before = usedAt();
    // Whether the button has the focus or something of the notebook has it, one key is enough.
    await tab.keyboard.press('Enter');
    await until('it is kept', () => usedAt() > before);
    await panelOf(tab).getByText('has not been used').waitFor({ state: 'hidden' });

    await tab.setViewportSize({ width: 320, height: 568 });
    await drain('20m');
    await panelOf(tab)
      .getByText(/ends in (20|19) minutes/)
      .waitFor();
    const box = await panelOf(tab).boundingBox();
    const space = [box?.x ?? -1, 320 - (box?.x ?? 0) - (box?.width ?? 400)];
    expect(space.every((left) => left >= 0)).toBe(true);
    await tab.getByRole('button', { name: 'Hide' }).click();
    await panelOf(tab).waitFor({ state: 'hidden' });

    await drain('0s');
    await panelOf(tab).getByText('its computer was taken out of service').waitFor();
    await tab.getByRole('link', { name: 'Open a new notebook' }).waitFor();
  });

  test('an open list of files is warned of its greatest age, and a notebook works on meanwhile', async () => {
    await start({ maxAge: '50s' });
    const tab = await openNotebook();
    const list = await tab.context().newPage();
    await list.goto(tab.url().replace(/notebooks\/.*/, 'tree'));
    for (const each of [list, tab]) await panelOf(each).getByText('its time is nearly over').waitFor();
    await run(tab, '6*7');
    await tab.locator('.output_text', { hasText: '42' }).first().waitFor({ timeout: 60_000 });
    for (const each of [list, tab])
      await panelOf(each).getByText('its time was over').waitFor({ timeout: 90_000 });
  }, 150_000);

  test('while a kernel runs a cell there is no warning for lack of use', async () => {
    await start({ idle: '20s' });
    const tab = await openNotebook();
    await run(tab, "import time; time.sleep(45); print('done', 6*7)");
    const began = performance.now();
    let asked = 0;
    await until(
      'the cell is done',
      async () => {
        if ((await panelOf(tab).count()) > 0 && (await panelOf(tab).isVisible())) asked += 1;
        return (await tab.locator('.output_stdout', { hasText: 'done 42' }).count()) > 0;
      },
      90_000,
    );
    expect(performance.now() - began).toBeGreaterThan(40_000);
    expect(asked).toBe(0);
  }, 150_000);
});
