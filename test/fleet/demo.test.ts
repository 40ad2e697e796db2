// The demo in a real browser: what somebody sees who has just typed the README's first command.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { Reader } from '../support/reader.ts';
import { tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

describeNeeding(['chromium'], 'the demo without Docker, in a browser', ({ chromium }) => {
  let demo: Demo;
  let browser: Browser;
  let front = '';

  beforeAll(async () => {
    demo = startDemo(['--engine', 'local', '--capacity', '8', '--warm', '4']);
    browser = await launchChromium(chromium.executablePath);
    front = await demo.front();
  });
  afterAll(async () => {
    await browser.close();
    await demo.end();
  });

  /** A browser of its own: no cookies of anybody else's. */
  const newReader = async (): Promise<Page> => (await browser.newContext()).newPage();
  const sandboxOf = (page: Page): string => /\/user\/([^/]+)\//.exec(page.url())?.[1] ?? 'none';

  test('a click lands in a sandbox, which evaluates 6*7', async () => {
    const page = await newReader();
    await page.goto(`${front}/`);
    expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/user\/[a-z2-7]{32}\/$/);
    await page.locator('#code').fill('6*7');
    await page.keyboard.press('Enter');
    await page.locator('#output .result', { hasText: '42' }).waitFor();
    await page.screenshot({ path: `${shots}demo-scratchpad.png` });
  });

  test('a second browser gets another sandbox, and does not see what the first one typed', async () => {
    const [first, second] = [await newReader(), await newReader()];
    await first.goto(`${front}/`);
    await second.goto(`${front}/`);
    expect(sandboxOf(first)).not.toBe(sandboxOf(second));
    await first.locator('#code').fill('globalThis.mine = "a secret"; 1');
    await first.keyboard.press('Enter');
    await first.locator('#output .result').waitFor();
    await second.locator('#code').fill('typeof mine');
    await second.keyboard.press('Enter');
    await second.locator('#output .result', { hasText: 'undefined' }).waitFor();
  });

  test('a reader who reloads the front page after a while finds their sandbox on the node again', async () => {
    const page = await newReader();
    await page.goto(`${front}/`);
    const before = sandboxOf(page);
    await page.goto(new URL('/', page.url()).href);
    expect(sandboxOf(page)).toBe(before);
  });

  test('both nodes serve some of ten clicks', async () => {
    const landings = await Promise.all(
      Array.from({ length: 10 }, () => new Reader().click(`${front}/tree?x=%20y`)),
    );
    expect(landings.every(({ status, url }) => status === 200 && url.endsWith('/tree?x=%20y'))).toBe(true);
    expect(new Set(landings.map(({ url }) => new URL(url).origin)).size).toBe(2);
    expect(new Set(landings.map(({ sandbox }) => sandbox)).size).toBe(10);
  });

  test('the info page shows the node live', async () => {
    const page = await newReader();
    const [node] = Object.keys(await hosts(front));
    await page.goto(`${node}/info`);
    await page.locator('#live', { hasText: 'live' }).waitFor();
    await page.locator('#chart canvas').waitFor();
    await until('numbers are shown', async () =>
      /^\d+$/.test((await page.locator('#warm').textContent()) ?? ''),
    );
    await page.screenshot({ path: `${shots}node-info.png` });
  });
});

describe('the demo', () => {
  let demo: Demo | undefined;
  afterEach(() => demo?.end());

  test('tells on a taken port which one, and what to do', async () => {
    const squatter = createServer();
    const port = await new Promise<number>((resolve) => {
      squatter.listen(0, '127.0.0.1', () => {
        const address = squatter.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const run = tmpfleet(['demo', '--engine', 'local', '--port', String(port)]);
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain(`port ${port} on 127.0.0.1 is taken`);
    expect(run.output()).toContain('choose another with --port');
    squatter.close();
  });

  test('killed in the middle of warming leaves no process and no file', async () => {
    demo = startDemo(['--engine', 'local', '--capacity', '12', '--warm', '12']);
    const { processes, files, pid } = demo;
    // A redirector, two nodes, and some of their sandboxes.
    await until('it is warming', () => processes().length >= 5);
    process.kill(pid, 'SIGTERM');
    await demo.ended;
    expect(processes()).toEqual([]);
    expect(files()).toEqual([]);
  });

  test('killed with -9 leaves no process: its nodes notice and clear up', async () => {
    demo = startDemo(['--engine', 'local']);
    const { processes, pid } = demo;
    await demo.front();
    process.kill(pid, 'SIGKILL');
    await until('all of it is gone', () => processes().length === 0, 30_000);
  });

  test('starts a node again that was killed, and its readers keep their sandboxes', async () => {
    demo = startDemo(['--engine', 'local', '--nodes', '1']);
    const front = await demo.front();
    const reader = new Reader();
    const before = await reader.click(`${front}/notebooks/x`);
    const nodePid = Number(/kill -9 (\d+)/.exec(demo.output())?.[1]);
    process.kill(nodePid, 'SIGKILL');
    await demo.printed(/is gone \(SIGKILL\); starting it again/);
    const after = await until('the sandbox answers again', async () => {
      const landed = await reader.click(before.url);
      return landed.status === 200 ? landed : undefined;
    });
    expect(after.sandbox).toBe(before.sandbox);
  });
});

async function hosts(front: string): Promise<Record<string, unknown>> {
  const stats: { hosts: Record<string, unknown> } = JSON.parse(await (await fetch(`${front}/stats`)).text());
  return stats.hosts;
}
