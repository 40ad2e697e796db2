// Attacks on one reader's browser by the sandbox of another, in real browsers: each context has its own cookies and storage,
// as two profiles have.

import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Caddy, startCaddy } from '../lab/caddy.ts';
import { launchBrowser } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Jupyter } from '../support/jupyter.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

/** What the attacker's page leaves in the origin of a browser that runs it. */
const MARK = 'the-attacker-was-here';
const PLANT = `
import os
os.makedirs(os.path.expanduser('~/.jupyter/custom'), exist_ok=True)
open(os.path.expanduser('~/.jupyter/custom/custom.js'), 'w').write("localStorage.setItem('${MARK}', location.pathname)")
print('planted')`;

describeNeeding(
  ['docker', 'jupyter', 'chromium'],
  "a reader who follows a link to an attacker's notebook",
  ({ docker, jupyter, chromium }) => {
    let agent: TestAgent;
    let browser: Browser;
    beforeAll(async () => {
      const jupyters = { engine: 'docker', dockerHost: docker.host, image: jupyter.image, pull: 'never' };
      [agent, browser] = await Promise.all([
        startAgent({ ...jupyters, nodeId: 'browsers', capacity: '2', claimWait: '60s' }),
        launchBrowser(chromium.executablePath),
      ]);
      await agent.warm(2);
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await agent?.close();
    }, 60_000);

    const mark = (page: Page): Promise<string | null> => page.evaluate(`localStorage.getItem('${MARK}')`);
    /** A profile with cookies and storage of its own. */
    const newProfile = async (): Promise<Page> => (await browser.newContext()).newPage();

    test('sees that it is somebody else’s, and nothing of it runs, neither in a tab nor in a frame', async () => {
      // Without a browser: Jupyter finds custom.js at the first request for it, and keeps what it found.
      const { url, sandbox, own } = await new Reader().click(`${agent.url}/notebooks/intro.ipynb`);
      const base = new URL(`/user/${sandbox}/`, url).href;
      expect(await new Jupyter(base, { headers: own }).run(PLANT)).toBe('planted\n');

      // The trap works, in the browser that owns it.
      const attacker = await newProfile();
      const cookies = (own.cookie ?? '').split('; ').map((pair) => {
        const [name = '', ...value] = pair.split('=');
        return { name, value: value.join('='), url: agent.url };
      });
      await attacker.context().addCookies(cookies);
      await attacker.goto(url);
      await until('the planted code ran', async () => (await mark(attacker)) !== null);

      const victim = await newProfile();
      await victim.goto(`${agent.url}/tree`);
      await victim.waitForURL(/\/user\/.*\/tree/);
      const home = victim.url();
      expect((await victim.goto(url))?.status()).toBe(403);
      await victim.getByText('This notebook is somebody else’s').waitFor();
      await victim.screenshot({ path: `${shots}somebody-elses.png` });
      expect(await mark(victim)).toBeNull();
      // In a frame of the victim's own page, which is of the same origin.
      await victim.goto(home);
      const framed = victim.waitForResponse(url);
      await victim.evaluate(
        `document.body.append(Object.assign(document.createElement('iframe'), { src: '${url}' }))`,
      );
      expect((await framed).status()).toBe(403);
      expect(await mark(victim)).toBeNull();
      // The way on that the page offers is the victim's own notebook.
      await victim.goto(url);
      await victim.getByText('Open a new notebook').click();
      await victim.waitForURL(new URL('notebooks/intro.ipynb', home.replace(/tree$/, '')).href);
    });
  },
);

describeNeeding(
  ['chromium'],
  'an article’s frame, third-party cookies blocked, over https',
  ({ chromium }) => {
    let agent: TestAgent;
    let browser: Browser;
    let node: Caddy;
    let journal: Caddy;
    let frameSource = '';
    const article = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<h1>An article</h1><iframe src="${frameSource}" width="900" height="500"></iframe>`);
    });

    beforeAll(async () => {
      agent = await startAgent({
        ...{ command: 'scratchpad', capacity: '3', trustProxy: true },
        embedOrigins: 'https://journal.test:*',
      });
      await agent.warm(3);
      await new Promise<void>((resolve) => article.listen(0, '127.0.0.1', resolve));
      const { port } = article.address() as AddressInfo;
      [node, journal] = await Promise.all([
        startCaddy('node7.test', new URL(agent.url).host),
        startCaddy('journal.test', `127.0.0.1:${port}`),
      ]);
      browser = await launchBrowser(chromium.executablePath, {
        args: [
          '--test-third-party-cookie-phaseout',
          '--host-resolver-rules=MAP *.test 127.0.0.1',
          '--ignore-certificate-errors',
        ],
      });
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await Promise.all([node?.stop(), journal?.stop()]);
      article.close();
      await agent?.close();
    }, 60_000);

    const newReader = async (): Promise<Page> =>
      (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    /** The article with a frame of `source`, once the frame shows something; presses the launch page's button. */
    const readArticle = async (page: Page, source: string): Promise<Frame> => {
      frameSource = source;
      await page.goto(`https://journal.test:${journal.port}/`);
      const frame = page.frames()[1];
      if (frame === undefined) throw new Error('the article has no frame');
      await frame.locator('#code, h1').first().waitFor();
      const button = frame.getByText('Open my notebook');
      if (await button.isVisible().catch(() => false)) await button.click().catch(() => undefined);
      return frame;
    };
    const start = (): string => `https://node7.test:${node.port}/`;

    test('the owner works, a stranger with the same address does not', async () => {
      const owner = await newReader();
      const frame = await readArticle(owner, start());
      await frame.waitForURL(/\/user\//);
      await frame.locator('#code').fill('6*7');
      await frame.locator('#code').press('Enter');
      await frame.locator('#output .result', { hasText: '42' }).waitFor();
      await owner.screenshot({ path: `${shots}frame-of-its-owner.png` });
      const address = frame.url();
      // A cookie without a partition would have been blocked: the browser really blocks.
      const plain = await owner.context().cookies(start());
      expect(plain.map(({ name }) => name.replace(/_[0-9a-f]{8}$/, ''))).toContain('__Host-tmpfleet_node1');
      const again = await readArticle(owner, start());
      await again.waitForURL(address);

      const stranger = await newReader();
      const refused = await readArticle(stranger, address);
      await refused.getByText('This notebook is somebody else’s').waitFor();
      await stranger.screenshot({ path: `${shots}frame-of-a-stranger.png` });
      expect((await stranger.goto(address))?.status()).toBe(403);
      // The same browser outside of the article has no key either: cookies are kept apart by the site around the frame.
      const page = await owner.context().newPage();
      expect((await page.goto(address))?.status()).toBe(403);
    });
  },
);
