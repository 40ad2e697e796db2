// The clicks of a browser: each in a context of its own, as of another reader.
import { chromium } from 'playwright-core';

const PATIENCE_MS = 120_000;
/** Root needs the first; the others keep the browser from asking any other server. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-sync',
];
/** What the page of each app shows, and where. */
const PAGES = {
  notebook: {
    cell: '.code_cell .CodeMirror',
    idle: (page) => page.locator('#kernel_indicator_icon.kernel_idle_icon'),
    output: '.output_area',
  },
  lab: {
    cell: '.jp-Notebook .jp-CodeCell .cm-content',
    idle: (page) => page.locator('#jp-bottom-panel').getByText(/Python 3.*Idle/),
    output: '.jp-OutputArea-output',
  },
};

/** @returns a browser whose `click` resolves with the times of one reader, ms from the click, and whose `close` ends it */
export async function openBrowser(executablePath) {
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
  return { click: (url, app) => click(browser, url, PAGES[app]), close: () => browser.close() };
}

async function click(browser, url, { cell, idle, output }) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 720 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const began = performance.now();
    const times = {};
    const lap = (step) => {
      times[step] = performance.now() - began;
    };
    await page.goto(url, { waitUntil: 'commit' });
    lap('page');
    await page.locator(cell).first().waitFor();
    lap('rendered');
    await idle(page).waitFor();
    lap('kernel');
    await page.locator(cell).first().click();
    await page.keyboard.press('Control+Enter');
    await page.locator(output, { hasText: '42' }).first().waitFor();
    lap('first_output');
    return times;
  } finally {
    await context.close();
  }
}
