// An attacker's page, opened by a reader who has a sandbox on the same node: real browsers, a real Jupyter in a real Docker, a
// real TLS terminator. Each sandbox has an origin of its own, so the page shows and reaches nothing.
import type { Browser, Page } from 'playwright-core';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { type Caddy, startCaddy } from '../lab/caddy.ts';
import { launchBrowser } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Jupyter } from '../support/jupyter.ts';
import { until } from '../support/until.ts';

/** Its sandboxes are one site for a browser, as those of a node below any domain that is on no list of public suffixes. */
const NODE = 'node1.test';

/** What the attacker's page tries; each outcome is left in `window.found`, by name. */
const ATTACKS = `async ({ own, victim, node }) => {
  const found = {};
  const attempt = async (name, act) => {
    try { found[name] = await act(); } catch (error) { found[name] = 'refused'; }
  };
  const credentials = 'include';
  const body = JSON.stringify({ type: 'file', format: 'text', content: 'planted' });
  const opened = (url) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'));
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  });
  const framed = (url) => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.onload = () => {
      try { resolve(frame.contentDocument === null ? 'nothing' : frame.contentDocument.title); }
      catch (error) { resolve('nothing'); }
    };
    frame.src = url;
    document.body.append(frame);
  });
  const shown = (url) => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve('shown');
    image.onerror = () => resolve('refused');
    image.src = url;
  });
  for (let tries = 0; tries < 5 && found['own files'] !== 200; tries += 1)
    await attempt('own files', async () => (await fetch(own + 'api/contents', { credentials })).status);
  await attempt('files', async () => (await fetch(victim + 'api/contents', { credentials })).status);
  await attempt('files, blindly', async () => {
    const answer = await fetch(victim + 'api/contents', { credentials, mode: 'no-cors' });
    return [answer.type, (await answer.text()).length];
  });
  await attempt('a file put', async () => (await fetch(victim + 'api/contents/planted.txt', { method: 'PUT', body, credentials })).status);
  await attempt('a file made, blindly', async () => (await fetch(victim + 'api/contents', { method: 'POST', body, credentials, mode: 'no-cors' })).type);
  await attempt('a kernel, blindly', async () => (await fetch(victim + 'api/kernels', { method: 'POST', body: '{}', credentials, mode: 'no-cors' })).type);
  await attempt('a form', () => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.name = 'target';
    document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: victim + 'api/contents', target: 'target' });
    document.body.append(form);
    frame.onload = () => resolve('sent');
    form.submit();
  }));
  await attempt('a WebSocket', () => opened(victim + 'api/kernels/x/channels'));
  await attempt('a terminal', () => opened(victim + 'terminals/websocket/1'));
  await attempt('a picture', () => shown(victim + 'static/base/images/logo.png'));
  await attempt('a frame', () => framed(victim + 'tree'));
  await attempt('a window', async () => {
    const page = window.open(victim + 'tree');
    await new Promise((resolve) => setTimeout(resolve, 500));
    return page === null ? 'refused' : page.document.title;
  });
  await attempt('the id', async () => (await fetch(node + '/', { credentials })).url);
  await attempt('cookies', async () => document.cookie.includes('tmpfleet'));
  for (const name of ['__Host-tmpfleet_key', 'tmpfleet_key']) document.cookie = name + '=0; Domain=${NODE}; Path=/; Secure';
  window.found = found;
}`;

describeNeeding(['docker', 'jupyter', 'chromium'], 'a page of an attacker’s sandbox', (parts) => {
  let agent: TestAgent;
  let caddy: Caddy;
  /** Two profiles: two processes, each with storage of its own. */
  let attackers: Browser;
  let victims: Browser;
  let node = '';

  beforeAll(async () => {
    agent = await startAgent({
      ...{ sandboxDomain: NODE, trustProxy: true, engine: 'docker', dockerHost: parts.docker.host },
      ...{ image: parts.jupyter.image, pull: 'never', capacity: '4', nodeId: 'own-origin' },
    });
    caddy = await startCaddy(NODE, new URL(agent.url).host);
    node = `https://${NODE}:${caddy.port}`;
    const args = [
      `--host-resolver-rules=MAP ${NODE} 127.0.0.1,MAP *.${NODE} 127.0.0.1`,
      // The authority of this Caddy is known to no browser.
      '--ignore-certificate-errors',
    ];
    [attackers, victims] = await Promise.all([
      launchBrowser(parts.chromium.executablePath, { args }),
      launchBrowser(parts.chromium.executablePath, { args }),
    ]);
    // All, so that none starts later: Chromium gives requests up when an interface of the machine changes.
    await until('four notebooks are warm', () => agent.pool.status().warm === 4, 200_000);
  }, 240_000);
  afterAll(async () => {
    await Promise.all([attackers?.close(), victims?.close()]);
    await caddy?.stop();
    await agent?.close();
  });

  /** A sandbox claimed by a program, as an attacker has one: with the key, and an address that any browser can open. */
  const prepare = async (): Promise<{ base: string; open: string; notebook: Jupyter }> => {
    const headers = { host: `${NODE}:${caddy.port}`, 'x-forwarded-proto': 'https' };
    const { port } = new URL(agent.url);
    const spawned = await fetchAt(Number(port), '/api/spawn', headers);
    const { url, token = '', open = '' } = spawnAnswerSchema.parse(spawned);
    const { host, pathname } = new URL(url);
    // Past the TLS terminator: the attacker's own client needs no browser.
    const direct = new Jupyter(`${agent.url}${pathname}`, {
      headers: { host, authorization: `token ${token}` },
    });
    return { base: url, open, notebook: direct };
  };
  const landed = async (page: Page): Promise<string> => {
    await page.goto(`${node}/tree`);
    await page.locator('#notebook_list').waitFor();
    return /^https:\/\/[^/]+\/user\/[^/]+\//.exec(page.url())?.[0] ?? '';
  };

  test('shows to the reader who opens it by a link, and reaches nothing of the reader’s sandbox', {
    timeout: 180_000,
  }, async () => {
    const reader = await victims.newContext({ ignoreHTTPSErrors: true });
    const own = await reader.newPage();
    const victim = await landed(own);
    expect(new URL(victim).hostname).toMatch(new RegExp(`^[0-9a-f]{40}\\.${NODE}$`));
    const before = await namesIn(own);

    const attacker = await prepare();
    const target = JSON.stringify({ own: attacker.base, victim, node });
    const script = `document.title = 'prepared by an attacker'; (${ATTACKS})(${target});`;
    await attacker.notebook.run(`
import os
os.makedirs(os.path.expanduser('~/.jupyter/custom'), exist_ok=True)
open(os.path.expanduser('~/.jupyter/custom/custom.js'), 'w').write(${JSON.stringify(script)})`);

    const opened = await reader.newPage();
    await opened.goto(attacker.open);
    expect(opened.url()).toMatch(new RegExp(`^${attacker.base}tree`));
    const found: unknown = await opened
      .waitForFunction(() => Reflect.get(globalThis, 'found'), undefined, { timeout: 60_000 })
      .then((handle) => handle.jsonValue());
    expect(await opened.title()).toBe('prepared by an attacker');
    expect(found).toEqual({
      // The page works, and is allowed what is its own.
      'own files': 200,
      files: 'refused',
      'files, blindly': ['opaque', 0],
      'a file put': 'refused',
      'a file made, blindly': 'opaque',
      'a kernel, blindly': 'opaque',
      'a form': 'sent',
      'a WebSocket': 'refused',
      'a terminal': 'refused',
      'a picture': 'refused',
      'a frame': 'nothing',
      'a window': 'refused',
      'the id': 'refused',
      cookies: false,
    });
    // Nothing was made there either, and the reader's own page works as before, cookies that were planted or not.
    await own.reload();
    await own.locator('#notebook_list').waitFor();
    expect(await namesIn(own)).toEqual(before);
    expect(await askFrom(own, 'api/kernels')).toEqual([]);
  });

  test('with another reader’s address shows that the notebook is somebody else’s', async () => {
    const victim = await landed(await (await victims.newContext({ ignoreHTTPSErrors: true })).newPage());
    const page = await (await attackers.newContext({ ignoreHTTPSErrors: true })).newPage();
    const shown = await page.goto(`${victim}tree`);
    expect(shown?.status()).toBe(403);
    await page.getByText('This notebook is somebody else’s').waitFor();
    expect((await page.goto(`${node}${new URL(victim).pathname}tree`))?.status()).toBe(403);
  });

  test('a kernel runs over the WebSocket of a reader’s own page', { timeout: 120_000 }, async () => {
    const page = await (await victims.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(`${node}/notebooks/intro.ipynb`);
    await page.locator('.code_cell').first().waitFor();
    await page.waitForFunction(
      () => Reflect.get(globalThis, 'Jupyter')?.notebook?.kernel?.is_connected() === true,
    );
    await page.evaluate(() => Reflect.get(globalThis, 'Jupyter').notebook.execute_all_cells());
    await page.locator('.output_stdout, .output_result').first().waitFor();
  });
});

const listingSchema = z.object({ content: z.array(z.object({ name: z.string() })) });

/** The JSON at an address of a page's own sandbox. */
function askFrom(page: Page, path: string): Promise<unknown> {
  return until(`the page reads ${path}`, () => page.evaluate(async (url) => (await fetch(url)).json(), path));
}

async function namesIn(page: Page): Promise<readonly string[]> {
  const { content } = listingSchema.parse(await askFrom(page, 'api/contents'));
  return content.map(({ name }) => name).sort();
}

/** As through the TLS terminator: Node's `fetch` sends no `Host` of its own choice. */
async function fetchAt(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<unknown> {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers });
  return answer.body.json();
}
