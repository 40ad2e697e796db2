// Who asks, in a real browser: a page of another site spends no sandbox, and a press on our button in its frame one.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { ArticleFleet } from '../support/article-fleet.ts';
import { until } from '../support/until.ts';

describeNeeding(['chromium'], 'over https, with an article on another site', ({ chromium }) => {
  let fleet: ArticleFleet;
  let browser: Browser;
  let front = '';
  let node = '';
  const spent = () => fleet.spent();
  const open = (html: string, site?: string) => fleet.open(browser, html, site);

  beforeAll(async () => {
    const nodeFlags = ['--engine', 'local', '--ephemeral', '--capacity', '6', '--warm', '6'];
    [fleet, browser] = await Promise.all([
      ArticleFleet.start({ nodeFlags, warm: 6 }),
      launchBrowser(chromium.executablePath),
    ]);
    ({
      front,
      nodes: [node = ''],
    } = fleet);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await fleet?.stop();
  });

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
    const tab = await open(frames.map((url) => `<iframe src="${url}"></iframe>`).join(''), fleet.stranger);
    const shown = tab.frames().slice(1);
    expect(shown).toHaveLength(2);
    for (const frame of shown)
      await until('the frame is refused', () => frame.url() === 'chrome-error://chromewebdata/');
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
    expect((await fetch(`${fleet.nodeAtHome}/api/spawn`, { method: 'POST' })).status).toBe(200);
    const [before] = await spent();
    // A front of the same fleet that asks for it as soon as one sandbox is taken.
    const strictAtHome = await fleet.startFront('strict', ['--proof-of-work-below', '100%']);
    const strict = await fleet.terminate(strictAtHome);
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
