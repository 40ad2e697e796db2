// The demo in a real browser: what a user sees who has just typed the README's first command.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../lab/chromium.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { describeNeeding } from '../lab/needs.ts';
import { type Demo, OWN_CHOICE, startDemo } from '../support/demo.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { processesWith } from '../support/processes.ts';
import { Reader } from '../support/reader.ts';
import { tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

/** Where it does not matter how many nodes there are, nor what a sandbox is: a scratchpad is a Node process of its own. */
const SMALL = ['--engine', 'local', '--nodes', '1', '--warm', '1'];
/** As much of a Jupyter as a primed sandbox needs. */
const JUPYTER_SERVER = fileURLToPath(new URL('../support/prime-server.mjs', import.meta.url));
const LIGHT = [...SMALL, '--command', LIGHT_COMMAND];

const shots = fileURLToPath(new URL('../../artifacts/', import.meta.url));
mkdirSync(shots, { recursive: true });

describeNeeding(['chromium'], 'the demo without Docker, in a browser', ({ chromium }) => {
  let demo: Demo;
  let browser: Browser;
  let front = '';

  beforeAll(async () => {
    demo = startDemo(['--engine', 'local', '--capacity', '8', '--warm', '2']);
    browser = await launchBrowser(chromium.executablePath);
    front = await demo.front();
  });
  afterAll(async () => {
    await browser.close();
    await demo.end();
  });

  /** A browser context of its own, without cookies of others, that has clicked. A busy host shows first that it starts a sandbox. */
  const newReader = async (): Promise<Page> => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${front}/`);
    await page.waitForURL(/\/user\//);
    return page;
  };
  const sandboxOf = (page: Page): string => /\/user\/([^/]+)\//.exec(page.url())?.[1] ?? 'none';

  test('a click lands in a sandbox, which evaluates 6*7', async () => {
    const page = await newReader();
    expect(page.url()).toMatch(/^http:\/\/([0-9a-f]{40})\.localhost:\d+\/user\/\1\/$/);
    await page.locator('#code').fill('6*7');
    await page.keyboard.press('Enter');
    await page.locator('#output .result', { hasText: '42' }).waitFor();
    await page.screenshot({ path: `${shots}demo-scratchpad.png` });
  });

  test('a second browser gets another sandbox, and does not see what the first one typed', async () => {
    const [first, second] = [await newReader(), await newReader()];
    expect(sandboxOf(first)).not.toBe(sandboxOf(second));
    await first.locator('#code').fill('globalThis.mine = "a secret"; 1');
    await first.keyboard.press('Enter');
    await first.locator('#output .result').waitFor();
    await second.locator('#code').fill('typeof mine');
    await second.keyboard.press('Enter');
    await second.locator('#output .result', { hasText: 'undefined' }).waitFor();
  });

  test('a reader who reloads the front page later finds their sandbox on its node again', async () => {
    const page = await newReader();
    const before = sandboxOf(page);
    await page.goto(new URL('/', page.url()).href);
    await page.waitForURL(/\/user\//);
    expect(sandboxOf(page)).toBe(before);
  });

  test('both nodes serve some of ten clicks', async () => {
    const landings = await Promise.all(
      Array.from({ length: 10 }, () => new Reader().click(`${front}/tree?x=%20y`)),
    );
    expect(landings.every(({ status, url }) => status === 200 && url.endsWith('/tree?x=%20y'))).toBe(true);
    expect(new Set(landings.map(({ url }) => new URL(url).port)).size).toBe(2);
    expect(new Set(landings.map(({ sandbox }) => sandbox)).size).toBe(10);
  });

  test('a page of one sandbox reads nothing of another in the same browser', async () => {
    const page = await newReader();
    const other = (await new Reader().click(`${front}/`)).url;
    const read = (url: string): Promise<string> =>
      page.evaluate(async (address) => {
        try {
          return String((await fetch(address, { credentials: 'include' })).status);
        } catch {
          return 'refused';
        }
      }, url);
    expect([await read(page.url()), await read(other)]).toEqual(['200', 'refused']);
  });

  test('the info page shows the node’s live numbers', async () => {
    const page = await browser.newPage();
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

  test('names a port that is taken, with a remedy', async () => {
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

  test.each([
    ['--engine', 'docker'],
    ['--image', 'an-image'],
  ])('with %s %s, where Docker does not answer, starts nothing and says so first', async (...args) => {
    demo = startDemo(args, { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    expect(await demo.ended).toBe(1);
    expect(demo.output()).toMatch(
      /^tmpfleet: Docker does not answer at unix:\/\/\/nowhere\/docker.sock: .*--engine local/,
    );
    expect(demo.files()).toEqual([]);
  });

  test('killed in the middle of warming leaves no process and no file', async () => {
    demo = startDemo(['--engine', 'local', '--nodes', '1', '--capacity', '12', '--warm', '12']);
    const { processes, files, pid } = demo;
    // A redirector, a node, and some of its sandboxes.
    await until('it is warming', () => processes().length >= 4);
    process.kill(pid, 'SIGTERM');
    await demo.ended;
    expect(processes()).toEqual([]);
    expect(files()).toEqual([]);
  });

  test('restarts a node that was killed, whose readers keep their sandboxes; killed itself, it leaves no process', async () => {
    demo = startDemo(LIGHT);
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
    // Its nodes notice, and clean up.
    process.kill(demo.pid, 'SIGKILL');
    await until('all of it is gone', () => demo?.processes().length === 0, 30_000);
  });
});

describe('the demo, where something is different:', () => {
  let demo: Demo | undefined;
  let bin = '';
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'tmpfleet-bin-'));
  });
  afterEach(async () => {
    await demo?.end();
    demo = undefined;
    rmSync(bin, { recursive: true, force: true });
  });
  /** A `jupyter` that is found first; `$args` are all its arguments. */
  const withJupyter = (script: string): Readonly<Record<string, string>> => {
    const text = `#!/bin/sh\nargs="$*"\n[ "$args" = "notebook --version" ] && echo 6.4.12 && exit 0\n${script}\n`;
    writeFileSync(join(bin, 'jupyter'), text, { mode: 0o755 });
    return { PATH: `${bin}:${process.env.PATH ?? ''}` };
  };
  const server = `${process.execPath} ${JUPYTER_SERVER} "$base" 127.0.0.1 "$port"`;

  test('Jupyter that refuses root is started with the flag it asks for', async () => {
    const isRoot = process.getuid?.() === 0;
    const env = withJupyter(`
case "$args" in *--allow-root*) ;; *) ${isRoot ? 'echo "Running as root is not recommended. Use --allow-root" >&2; exit 1' : ':'};; esac
base=$(echo "$args" | sed 's/.*NotebookApp.base_url=\\([^ ]*\\).*/\\1/'); port=$(echo "$args" | sed 's/.*--port=\\([0-9]*\\).*/\\1/')
exec ${server}`);
    demo = startDemo([...SMALL, ...OWN_CHOICE], env);
    const front = await demo.front();
    const { status, body } = await new Reader().click(`${front}/`);
    expect([status, body.includes('scratchpad')]).toEqual([200, false]);
    expect(demo.output()).not.toContain('failed to start');
    // What is to be clicked is the notebook whose kernel runs already.
    expect(demo.output()).toMatch(/Click: {2}\S+\/notebooks\/swing\.ipynb\n/);
    const opened = await new Reader().click(`${front}/notebooks/swing.ipynb`);
    expect([opened.status, opened.body]).toEqual([200, expect.stringContaining('<title>Home</title>')]);
  });

  test('Jupyter that does not start: its last output is shown, and the scratchpad replaces it', async () => {
    const env = withJupyter('echo "ImportError: no module named tornado" >&2; exit 1');
    demo = startDemo(['--engine', 'local', '--nodes', '2', '--warm', '1', ...OWN_CHOICE], env);
    const front = await demo.front();
    expect(demo.output()).toMatch(/failed to start:\n.*ImportError: no module named tornado/);
    expect(demo.output()).toMatch(/"jupyter notebook" does not start here: using the scratchpad/);
    expect(demo.output()).toMatch(/Click: {2}http:\/\/[^/]+\/\n/);
    const landed = await new Reader().click(`${front}/`);
    expect([landed.status, landed.body.includes('scratchpad')]).toEqual([200, true]);
  });

  test('a user’s command that does not start: its last output is shown, and nothing replaces it', async () => {
    demo = startDemo([...SMALL, '--command', 'echo "no licence" >&2; exit 7']);
    await demo.printed(/failed to start:\n.*no licence/);
    await demo.printed(/No sandbox starts/);
    expect(demo.output()).not.toContain('scratchpad');
  });

  test('its options come from the environment too, as its help says', async () => {
    const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
    demo = startDemo(['--engine', 'local', '--warm', '1'], {
      TMPFLEET_COMMAND: command,
      TMPFLEET_NODES: '1',
    });
    const front = await demo.front();
    expect(Object.keys(await hosts(front))).toHaveLength(1);
    const { status, body } = await new Reader().click(`${front}/`);
    expect([status, body.includes('scratchpad')]).toEqual([200, false]);
  });

  test('when its terminal is closed it leaves no process and no file', async () => {
    const script = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const line = `exec ${process.execPath} ${script} demo --port 0 ${SMALL.join(' ')}`;
    const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', TMPDIR: bin };
    const terminal = spawn('script', ['-qfec', line, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
    });
    await until('it is ready', () => shown.includes('Click:'), 60_000);
    expect(readdirSync(bin)).not.toEqual([]);
    terminal.kill('SIGKILL');
    await until('all of it is gone', () => processesWith(bin).length === 0, 30_000);
    expect(readdirSync(bin)).toEqual([]);
  });
});

async function hosts(front: string): Promise<Record<string, unknown>> {
  const stats: { hosts: Record<string, unknown> } = JSON.parse(await (await fetch(`${front}/stats`)).text());
  return stats.hosts;
}
