// The companion in the pages of a real JupyterLab, which never reload, poll all the time and take every key.
import Docker from 'dockerode';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { articlePage, frameNamed } from '../support/article-page.ts';
import { until } from '../support/until.ts';

const DESKTOP = { width: 1100, height: 720 };
const PHONE = { width: 360, height: 640 };
const CELL = '.jp-Notebook .jp-CodeCell';
const EDITOR = `${CELL} .cm-content`;

const panelOf = (page: Page | FrameLocator): Locator => page.locator('tmpfleet-companion .box');

/** With a kernel, as Lab's bar at the bottom says. */
async function untilKernel(page: Page | FrameLocator): Promise<void> {
  await page.locator(EDITOR).first().waitFor({ timeout: 60_000 });
  await page
    .locator('#jp-bottom-panel')
    .getByText(/Python 3.*Idle/)
    .waitFor({ timeout: 60_000 });
}

/** Runs code in the first cell that has code; the focus stays in its notebook, in command mode. */
async function run(page: Page | FrameLocator, code: string, keyboard: Page['keyboard']): Promise<void> {
  await page.locator(EDITOR).first().click();
  await keyboard.press('ControlOrMeta+a');
  await keyboard.type(code);
  await keyboard.press('Control+Enter');
}

const output = (page: Page | FrameLocator, text: string): Locator =>
  page.locator('.jp-OutputArea-output', { hasText: text }).first();

describeNeeding(['docker', 'jupyterlab', 'chromium'], 'JupyterLab', ({ docker, jupyterlab, chromium }) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
  });
  afterAll(() => browser?.close());

  describe.concurrent('in an open tab', () => {
    const agents: TestAgent[] = [];
    afterAll(() => Promise.all(agents.map((agent) => agent.close())));

    /** @param nodeId the engine is shared, and each agent removes containers of its name that it does not know */
    const start = async (
      nodeId: string,
      flags: Readonly<Record<string, string | boolean>>,
    ): Promise<TestAgent> => {
      const engine = { engine: 'docker', dockerHost: docker.host, image: jupyterlab.image, pull: 'never' };
      const agent = await startAgent({ ...engine, nodeId, capacity: '1', cullInterval: '500ms', ...flags });
      agents.push(agent);
      await agent.warm(1);
      return agent;
    };
    const openTab = async (agent: TestAgent, path: string): Promise<Page> => {
      const tab = await (await browser.newContext({ viewport: DESKTOP })).newPage();
      await tab.goto(`${agent.url}/${path}`);
      return tab;
    };
    const held = (agent: TestAgent) => agent.pool.table.all().find(({ key }) => key !== undefined);
    /** Where the button of an ended sandbox leads. */
    const placeOf = (tab: Page): Promise<string | null> =>
      tab.getByRole('link', { name: 'Open a new notebook' }).getAttribute('href');
    const drain = (agent: TestAgent, deadline: string) =>
      fetch(`${agent.controlUrl}/api/drain`, { method: 'POST', body: JSON.stringify({ deadline }) });

    test('is warned when it is left alone; a key in command mode or in a cell keeps it; a drain ends it', async () => {
      const agent = await start('lab-idle', { idle: '30s', keepBusy: false });
      const tab = await openTab(agent, 'lab/tree/intro.ipynb');
      await untilKernel(tab);
      await run(tab, '6*7', tab.keyboard);
      await output(tab, '42').waitFor();
      const warning = panelOf(tab).getByText('has not been used for a while');
      const usedAt = (): number => held(agent)?.lastUse ?? 0;
      /** Waits for the warning, does something, and waits until that is use and the warning is gone. */
      const isUse = async (work: () => Promise<unknown>): Promise<void> => {
        await warning.waitFor({ timeout: 60_000 });
        const before = usedAt();
        await work();
        await until('it is use', () => usedAt() > before);
        await warning.waitFor({ state: 'hidden' });
      };

      // In command mode, where Lab takes keys for commands, the button has the focus.
      await isUse(async () => {
        expect(await coveredBy(tab, '.jp-NotebookPanel-toolbar, #jp-menu-panel, .jp-mod-active')).toEqual([]);
        await tab.keyboard.press('Enter');
      });
      // In the editor what is typed goes there, and not into the panel.
      await tab.locator(EDITOR).first().click();
      await isUse(() => tab.keyboard.type('  # a remark'));
      expect(await tab.locator(EDITOR).first().textContent()).toContain('a remark');

      await drain(agent, '0s');
      await panelOf(tab).getByText('its computer was taken out of service').waitFor({ timeout: 5_000 });
      expect(await placeOf(tab)).toBe('/spawn/lab/tree/intro.ipynb');
      await tab.context().close();
    }, 150_000);

    test('on a phone a running cell goes on, a drain is announced and hidden by keyboard, an end within 5 s', async () => {
      const agent = await start('lab-busy', { idle: '30s' });
      const tab = await openTab(agent, 'doc/tree/intro.ipynb');
      await untilKernel(tab);
      await tab.setViewportSize(PHONE);
      let warnings = 0;
      await tab.exposeFunction('countWarning', () => {
        warnings += 1;
      });
      await run(tab, "import time; time.sleep(34); print('done', 6*7)", tab.keyboard);
      // On a slow machine it may have been warned of before.
      await panelOf(tab).waitFor({ state: 'hidden' });
      await tab.evaluate(`setInterval(() => {
        const box = document.querySelector('tmpfleet-companion')?.shadowRoot.querySelector('.box');
        if (box?.hidden === false && box.textContent.includes('has not been used')) countWarning();
      }, 100)`);

      await drain(agent, '20m');
      await panelOf(tab)
        .getByText(/ends in (20|19) minutes/)
        .waitFor();
      const box = await panelOf(tab).boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(PHONE.width);
      await tab.locator(EDITOR).first().click();
      expect(await coveredBy(tab, `${EDITOR}, .jp-NotebookPanel-toolbar`)).toEqual([]);
      await tab.keyboard.press('Escape');
      await panelOf(tab).getByRole('button', { name: 'Hide' }).press('Enter');
      await panelOf(tab).waitFor({ state: 'hidden' });
      await output(tab, 'done 42').waitFor({ timeout: 90_000 });
      expect(warnings).toBe(0);

      const client = new Docker({ socketPath: docker.socketPath });
      const filters = JSON.stringify({ label: [`tmpfleet.sandbox=${held(agent)?.id}`] });
      const [container] = await client.listContainers({ filters });
      await client.getContainer(container?.Id ?? '').kill();
      await panelOf(tab).getByText('something ended its program').waitFor({ timeout: 5_000 });
      expect(await placeOf(tab)).toBe('/spawn/doc/tree/intro.ipynb');
      await tab.context().close();
    }, 150_000);

    test('hears that its time is nearly over, and within 5 s that it was', async () => {
      const agent = await start('lab-age', { maxAge: '40s' });
      const tab = await openTab(agent, 'lab/tree/intro.ipynb');
      await panelOf(tab).getByText('its time is nearly over').waitFor({ timeout: 60_000 });
      await until('it has ended', () => held(agent) === undefined, 60_000);
      await panelOf(tab).getByText('its time was over').waitFor({ timeout: 5_000 });
      await tab.context().close();
    }, 150_000);
  });

  // At the same time as those above, which wait most of theirs.
  test.concurrent('opens in the lightbox of an article on another site, and runs 6*7', async () => {
    const pool = ['--capacity', '1', '--warm', '1', '--ephemeral'];
    const engine = ['--engine', 'docker', '--docker-host', docker.host, '--image', jupyterlab.image];
    const fleet = await ArticleFleet.start({ nodeFlags: [...engine, '--pull', 'never', ...pool], warm: 1 });
    try {
      const figure = { path: '/lab/tree/intro.ipynb', label: 'Figure 1, live' };
      // Its profile blocks third-party cookies, as private windows do: the frame has no storage.
      const tab = await fleet.open(browser, articlePage(fleet, [figure]));
      await tab.getByRole('button', { name: figure.label }).click();
      const lab = frameNamed(tab, figure.label);
      await untilKernel(lab);
      await run(lab, '6*7', tab.keyboard);
      await output(lab, '42').waitFor({ timeout: 60_000 });
      expect(await fleet.spent()).toEqual([1, 1]);
    } finally {
      await fleet.stop();
    }
  }, 150_000);
});

/** Elements of the page whose middle the reader cannot see because of the panel. */
function coveredBy(tab: Page, selector: string): Promise<string[]> {
  return tab.evaluate(`[...document.querySelectorAll('${selector}')].filter((each) => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return width > 0 && document.elementFromPoint(x + width / 2, y + height / 2)?.localName === 'tmpfleet-companion';
  }).map((each) => each.className)`);
}
