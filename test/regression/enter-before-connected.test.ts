// Seen: on a busy machine a reader typed 6*7 and pressed Enter before the scratchpad's WebSocket was open, and
// nothing ever happened. Why: input was dropped while there was no connection. Holds now: input that comes
// too early runs as soon as there is a connection.
import { afterEach, expect, test } from 'vitest';
import { launchChromium } from '../lab/chromium.ts';
import { describeNeeding } from '../lab/needs.ts';
import { type Demo, startDemo } from '../support/demo.ts';

describeNeeding(['chromium'], 'a scratchpad that is not connected yet', ({ chromium }) => {
  let demo: Demo;
  afterEach(() => demo.end());

  test('runs the input once it is connected', async () => {
    demo = startDemo(['--engine', 'local', '--nodes', '1']);
    const front = await demo.front();
    const browser = await launchChromium(chromium.executablePath);
    const page = await browser.newPage();
    // When the page's own script ends, the handshake cannot have been answered yet.
    await page.addInitScript(`document.addEventListener('DOMContentLoaded', () => {
      document.getElementById('code').value = '6*7';
      document.querySelector('form').requestSubmit();
    });`);
    await page.goto(`${front}/`);
    await page.locator('#output .result', { hasText: '42' }).waitFor();
    expect(await page.locator('#output .result').count()).toBe(1);
    await browser.close();
  });
});
