// Who asks, in a real browser: a page of another site spends no sandbox, and a press on our button in its frame one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';
import { launchChromium } from '../lab/chromium.ts';
import { Authority } from '../lab/debian/authority.ts';
import { describeNeeding } from '../lab/needs.ts';
import { tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

describeNeeding(['chromium'], 'over https, with an article on another site', ({ chromium }) => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-visitors-'));
  const secret = { TMPFLEET_SECRET: 'the-secret-of-the-visited-fleet' };
  const servers: Server[] = [];
  const runs: { stop(): Promise<unknown> }[] = [];
  let browser: Browser;
  let front = '';
  let node = '';
  let nodeAtHome = '';
  /** A front of the same fleet that asks for a proof of work as soon as one sandbox is taken. */
  let strict = '';
  let strictAtHome = '';
  let article = '';
  /** A site that nobody has listed. */
  let stranger = '';
  /** The article's HTML. */
  let html = '';

  /** A TLS terminator before a program; its address is known before the program's is. */
  async function terminator(authority: Authority, host: string, target: () => string): Promise<string> {
    const { key, cert } = await authority.issue(host);
    const server = createServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (incoming, response) => {
        if (target() === '') {
          response.writeHead(200, { 'content-type': 'text/html' }).end(html);
          return;
        }
        const headers = { ...incoming.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' };
        const passed = httpRequest(
          `${target()}${incoming.url}`,
          { method: incoming.method, headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
            answer.pipe(response);
          },
        );
        passed.on('error', () => response.destroy());
        incoming.pipe(passed);
      },
    );
    servers.push(server);
    await new Promise<void>((resolve) =>
      server.listen(0, host === 'localhost' ? '127.0.0.1' : host, resolve),
    );
    const address = server.address();
    return `https://${host}:${typeof address === 'object' ? address?.port : 0}`;
  }

  async function start(name: string, args: readonly string[], env = {}): Promise<[string, string]> {
    const common = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'];
    const run = tmpfleet([...args, ...common, '--trust-proxy', '--data-dir', join(dir, name)], {
      ...secret,
      ...env,
    });
    runs.push(run);
    const [, url = '', control = ''] = await run.printed(
      /"url":"(http:[^"]+)","control":"(http:[^"]+)"/,
      60_000,
    );
    return [url, control];
  }

  beforeAll(async () => {
    const authority = await Authority.create(join(dir, 'ca'));
    let frontAtHome = '';
    front = await terminator(authority, 'localhost', () => frontAtHome);
    node = await terminator(authority, '127.0.0.2', () => nodeAtHome);
    article = await terminator(authority, '127.0.0.1', () => '');
    stranger = await terminator(authority, '127.0.0.3', () => '');
    const embedded = ['--embed-origins', article];
    const agent = ['node-agent', '--engine', 'local', '--ephemeral', '--capacity', '6', '--warm', '6'];
    [nodeAtHome] = await start('node', [...agent, '--node-id', 'n1', '--front-url', front]);
    const trusted = { NODE_EXTRA_CA_CERTS: authority.ca };
    const [atHome, control] = await start('front', ['redirector', ...embedded], trusted);
    frontAtHome = atHome;
    const work = ['--proof-of-work-below', '100%'];
    const [atHomeToo, strictControl] = await start('strict', ['redirector', ...embedded, ...work], trusted);
    strictAtHome = atHomeToo;
    strict = await terminator(authority, 'localhost', () => strictAtHome);
    for (const url of [control, strictControl]) {
      const body = JSON.stringify({ url: node, probe: false });
      expect((await fetch(`${url}/api/nodes`, { method: 'POST', body })).status).toBe(201);
    }
    browser = await launchChromium(chromium.executablePath);
    await until(
      'all sandboxes are warm, and the front knows',
      async () => {
        const { available } = nodeStatsSchema.parse(await (await fetch(`${atHome}/stats`)).json());
        return available === 6;
      },
      60_000,
    );
    await until('the node has learnt who may show it', async () =>
      (await fetch(`${nodeAtHome}/info`)).headers.get('content-security-policy')?.includes(article),
    );
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all(runs.map((run) => run.stop()));
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(dir, { recursive: true, force: true });
  });

  /** Sandboxes that were claimed, and that are held now. */
  const spent = async (): Promise<readonly (number | undefined)[]> => {
    const { fleet } = nodeStatsSchema.parse(await (await fetch(`${nodeAtHome}/stats`)).json());
    return [fleet?.claims, fleet?.held];
  };

  async function open(page: string, site = article): Promise<Page> {
    html = page;
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const tab = await context.newPage();
    await tab.goto(site, { waitUntil: 'networkidle' });
    return tab;
  }

  test('no-cors POSTs and hidden frames of any page spend nothing', async () => {
    const frames = [`${front}/tree`, `${front}/notebooks/a.ipynb`, `${node}/tree`, `${node}/`];
    const targets = [front, node].flatMap((url) => [`${url}/api/spawn`, `${url}/tree`]);
    const tab = await open(`<!doctype html><title>An article</title>
${frames.map((url) => `<iframe hidden src="${url}"></iframe>`).join('')}
<form id="form" method="post" target="into" action="${front}/tree"></form><iframe hidden name="into"></iframe>
<script>
const posts = ${JSON.stringify([...targets, ...targets])};
document.getElementById('form').submit();
Promise.allSettled(posts.map((url) => fetch(url, { method: 'POST', mode: 'no-cors' }))).then((all) => {
  document.title = all.map(({ status }) => status).join(' ');
});
</script>`);
    await until('all POSTs were answered', async () => (await tab.title()).includes('fulfilled'));
    expect(await tab.title()).toBe(new Array(8).fill('fulfilled').join(' '));
    // Each frame has loaded a page of ours, so each could have spent one.
    const frameText = await Promise.all(
      tab
        .frames()
        .slice(1)
        .map((frame) => frame.content()),
    );
    expect(frameText.map((text) => text.includes('Open my notebook'))).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(await spent()).toEqual([0, 0]);
    await tab.context().close();
  });

  test('an article with a frame, viewed three times, spends nothing; a press in the frame opens a notebook there', async () => {
    const article3 = `<!doctype html><title>An article</title><h1>Figure 3</h1>
<iframe src="${front}/notebooks/intro.ipynb?x=1#figure-3" width="900" height="500"></iframe>`;
    for (let view = 0; view < 3; view += 1) await (await open(article3)).context().close();
    expect(await spent()).toEqual([0, 0]);

    const tab = await open(article3);
    const [, frame] = tab.frames();
    if (frame === undefined) throw new Error('no frame');
    await frame.getByRole('button', { name: 'Open my notebook' }).click();
    await frame.waitForURL(/\/user\/[^/]+\/notebooks\/intro\.ipynb\?x=1/);
    expect(new URL(frame.url()).origin).toBe(node);
    expect(new URL(frame.url()).hash).toBe('#figure-3');
    await until('the sandbox shows its page', async () => (await frame.content()).includes('intro.ipynb'));
    expect(await spent()).toEqual([1, 1]);
    await tab.context().close();
  });

  test('a site that is not listed shows nothing of ours', async () => {
    const before = await spent();
    const frames = [`${front}/tree`, `${node}/tree`];
    const tab = await open(frames.map((url) => `<iframe src="${url}"></iframe>`).join(''), stranger);
    const shown = tab.frames().slice(1);
    expect(shown.map((frame) => frame.url())).toEqual([
      'chrome-error://chromewebdata/',
      'chrome-error://chromewebdata/',
    ]);
    expect(await spent()).toEqual(before);
    await tab.context().close();
  });

  test('the button is in sight in the smallest frames', async () => {
    const sizes = [
      [300, 150],
      [200, 100],
      [600, 400],
    ];
    const tab = await open(
      sizes
        .map(([width, height]) => `<iframe src="${front}/tree" width="${width}" height="${height}"></iframe>`)
        .join(''),
    );
    for (const [index, [width = 0, height = 0]] of sizes.entries()) {
      const button = tab.locator('iframe').nth(index).contentFrame().getByRole('button');
      const frame = await tab.locator('iframe').nth(index).boundingBox();
      const box = await button.boundingBox();
      if (box === null || frame === null) throw new Error('not shown');
      expect(box.y - frame.y + box.height, `${width} × ${height}`).toBeLessThanOrEqual(height);
      expect(box.x - frame.x + box.width, `${width} × ${height}`).toBeLessThanOrEqual(width);
    }
    await tab.context().close();
  });

  test('while a front asks for a proof of work, a click and a press in a frame do it by themselves', async () => {
    expect((await fetch(`${nodeAtHome}/api/spawn`, { method: 'POST' })).status).toBe(200);
    const [before = 0] = await spent();
    const asks = async (): Promise<boolean> =>
      (await fetch(`${strictAtHome}/tree`, { method: 'POST', headers: { 'x-forwarded-for': '192.0.2.9' } }))
        .status === 429;
    await until('the front knows that one is taken', asks);

    const tab = await open(`<!doctype html><title>An article</title>
<iframe src="${strict}/notebooks/intro.ipynb?x=1#figure-3" width="900" height="500"></iframe>`);
    const [, frame] = tab.frames();
    if (frame === undefined) throw new Error('no frame');
    await frame.getByRole('button', { name: 'Open my notebook' }).click();
    await frame.waitForURL(/\/user\/[^/]+\/notebooks\/intro\.ipynb\?x=1/);
    expect(new URL(frame.url()).hash).toBe('#figure-3');
    await tab.context().close();

    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const person = await context.newPage();
    await person.goto(`${strict}/notebooks/other.ipynb#here`);
    await person.waitForURL(/\/user\/[^/]+\/notebooks\/other\.ipynb#here$/);
    expect(await spent()).toEqual([before + 2, before + 2]);
    await context.close();
  });
});
