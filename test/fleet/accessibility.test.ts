// Every page of ours for people with disabilities, in a real browser: axe-core finds nothing, the keyboard reaches everything
// and shows where it is, and nothing has to be scrolled for sideways; in each view of `VIEWS`.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBrand } from '../../shared/brand/read-brand.ts';
import { answerPage } from '../../shared/http/answer.ts';
import { type Page as OurPage, renderPage } from '../../shared/http/page.ts';
import { type Serving, serve } from '../../shared/http/serving.ts';
import { wordsIn } from '../../shared/words/catalogue.ts';
import { LANGUAGES } from '../../shared/words/language.ts';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import {
  axeViolations,
  isTooWide,
  keyboardFaults,
  movingParts,
  show,
  VIEWS,
  type View,
} from '../support/accessibility.ts';
import { makeBrandDir } from '../support/brand-dir.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { READER_PAGES } from '../support/reader-pages.ts';

const shots = fileURLToPath(new URL('../../artifacts/pages/', import.meta.url));
mkdirSync(shots, { recursive: true });
const ALL_VIEWS = Object.keys(VIEWS) as readonly View[];
/** Views of which a picture is kept, to be looked at. */
const PICTURED: ReadonlySet<View> = new Set(['dark', '320 px']);
/** Views in which axe-core may find something else than in the others: it looks at colours, and at the sizes of what is pressed. */
const RULED: ReadonlySet<View> = new Set(['light', 'dark', '320 px']);
/** Pages that are made differently; the others differ in their words. */
const KINDS = [
  ...['launch', 'work', 'line: full', 'unavailable: full', 'limits: too-many-requests'],
  'notebook: stranger in a frame',
  ...['no cookies', 'nothing here', 'node: full', 'node: starting', 'node: preparing', 'node: closed'],
];

const withoutScript = ({ script, ...page }: OurPage): OurPage => page;

/** What is wrong with a page, by view. */
async function faultsOf(page: Page, name: string): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const view of ALL_VIEWS) {
    await show(page, view);
    const frame = page.mainFrame();
    const wrong = (await isTooWide(frame)) ? ['too wide'] : [];
    if (RULED.has(view)) wrong.push(...(await axeViolations(frame)));
    if (view === 'light' || view === 'forced colours') wrong.push(...(await keyboardFaults(page)));
    if (view === 'reduced motion') wrong.push(...(await movingParts(frame)));
    faults.push(...wrong.map((fault) => `${view}: ${fault}`));
    if (PICTURED.has(view)) await takePicture(page, name, view);
  }
  return faults;
}

async function takePicture(page: Page, name: string, view: View): Promise<void> {
  const file = `${name}-${view}`.replaceAll(/[^a-z0-9]+/gi, '-').replace(/-$/, '');
  await page.screenshot({ path: `${shots}${file}.png` });
}

const bottomOf = (box: { readonly y: number; readonly height: number } | null): number =>
  box === null ? Number.NaN : box.y + box.height;

describeNeeding(['chromium'], 'a page of ours', ({ chromium }) => {
  const pages = Object.entries(READER_PAGES);
  const addressOf = (name: string): string => `${site.url}/${pages.findIndex(([each]) => each === name)}`;
  let browser: Browser;
  let site: Serving;
  /** Their scripts would go on to another page, or ask for one. */
  const still = ['work', 'line: full', 'node: preparing'].map(
    (name) => `/${pages.findIndex(([each]) => each === name)}`,
  );
  beforeAll(async () => {
    browser = await launchChromium(chromium.executablePath);
    site = await serve({
      ...{ what: 'the pages', host: '127.0.0.1', port: 0, flag: '--port' },
      handle: ({ url }, response) => {
        const [, index, small] = /^\/(\d+)(\/small)?$/.exec(url ?? '') ?? [];
        const [, page] = pages[Number(index)] ?? [];
        if (page === undefined || small !== undefined) {
          response.writeHead(200, { 'content-type': 'text/html' });
          response.end(`<iframe src="/${index}" width="300" height="150" title="small"></iframe>`);
        } else if (still.includes(url ?? ''))
          answerPage(response, 200, (edition) => withoutScript(page(edition)));
        else answerPage(response, 200, page);
      },
    });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close(0);
  });

  test.each(KINDS)('%s', async (name) => {
    const page = await browser.newPage();
    await page.goto(addressOf(name));
    expect(await faultsOf(page, name)).toEqual([]);
    await page.close();
  });

  test('launch, of a publisher with colours and a logo of their own', async () => {
    const brandDir = makeBrandDir();
    const branded = await serve({
      ...{ what: 'the page', host: '127.0.0.1', port: 0, flag: '--port', brand: readBrand({ brandDir }) },
      handle: (_, response) => READER_PAGES.launch && answerPage(response, 200, READER_PAGES.launch),
    });
    const page = await browser.newPage();
    await page.goto(branded.url);
    expect(await faultsOf(page, 'branded')).toEqual([]);
    // The picture is there, and not only its place.
    expect(await page.evaluate("document.querySelector('img').naturalWidth")).toBeGreaterThan(0);
    await page.close();
    await branded.close(0);
    rmSync(brandDir, { recursive: true });
  });

  test.each(LANGUAGES)('in %s every page fits a small phone', async (language) => {
    const page = await browser.newPage();
    await show(page, '320 px');
    const edition = { language, words: wordsIn(language) };
    for (const [name, make] of pages) {
      await page.setContent(renderPage(withoutScript({ language, ...make(edition) })));
      expect([name, await isTooWide(page.mainFrame())]).toEqual([name, false]);
      if (name === 'notebook: stranger in a frame') await takePicture(page, `${name}-${language}`, '320 px');
    }
    await page.close();
  });

  test.each([
    ['launch', 'button', `/notebooks/intro.ipynb`],
    ['no cookies', 'link', '/spawn/notebooks/intro.ipynb'],
  ] as const)(
    '%s, in a frame of 300 × 150: its %s is in view, and the keyboard presses it',
    async (name, role, leadsTo) => {
      const page = await browser.newPage();
      await page.goto(`${addressOf(name)}/small`);
      const [, frame] = page.frames();
      if (frame === undefined) throw new Error('there is no frame');
      expect([...(await axeViolations(frame)), await isTooWide(frame)]).toEqual([false]);
      const outer = await page.locator('iframe').boundingBox();
      const inner = await frame.getByRole(role).boundingBox();
      expect(bottomOf(inner)).toBeLessThan(bottomOf(outer));
      await page.screenshot({ path: `${shots}${name.replace(' ', '-')}-small-frame.png` });
      const asked = page.context().waitForEvent('request', (request) => request.url().endsWith(leadsTo));
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await asked;
      await page.context().close();
    },
  );
});

describeNeeding(['chromium'], 'a page of a running fleet', ({ chromium }) => {
  let browser: Browser;
  let demo: Demo;
  let front = '';
  beforeAll(async () => {
    demo = startDemo(['--engine', 'local', '--capacity', '3', '--warm', '1']);
    [browser, front] = await Promise.all([launchChromium(chromium.executablePath), demo.front()]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.end();
  });

  const nodeUrl = async (): Promise<string> => {
    const answer: unknown = await (await fetch(`${front}/stats`)).json();
    const hosts = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'hosts') : {};
    return Object.keys(hosts)[0] ?? '';
  };
  const article = (): string => /http:\/\/article\.localhost:\d+/.exec(demo.output())?.[0] ?? '';

  test.each<[string, () => Promise<string> | string, string]>([
    ['info', async () => `${await nodeUrl()}/info`, '#chart canvas'],
    ['fleet page', () => `${demo.control()}/fleet`, '#held-chart canvas'],
    ['article', article, 'figure button'],
    ['scratchpad', () => `${front}/`, '#code'],
  ])('%s', async (name, address, ready) => {
    const page = await browser.newPage();
    try {
      await page.goto(await address());
      await page.locator(ready).first().waitFor();
      expect(await faultsOf(page, name)).toEqual([]);
    } finally {
      await page.close();
    }
  });

  test('lightbox', async () => {
    const page = await browser.newPage();
    await page.goto(article());
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.locator('p[role=status]').waitFor({ state: 'hidden' });
    for (const view of ALL_VIEWS) {
      await show(page, view);
      if (RULED.has(view)) expect([view, await axeViolations(page.mainFrame())]).toEqual([view, []]);
      if (PICTURED.has(view)) await takePicture(page, 'lightbox', view);
    }
    await page.close();
  });
});
