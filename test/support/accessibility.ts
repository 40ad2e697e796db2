// What is checked of a page for people with disabilities: axe-core's rules, what the keyboard reaches, and what fits.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Frame, Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** How readers see a page. */
export const VIEWS = {
  light: { colorScheme: 'light', width: 1280, height: 720 },
  dark: { colorScheme: 'dark', width: 1280, height: 720 },
  'forced colours': { forcedColors: 'active', width: 1280, height: 720 },
  'reduced motion': { reducedMotion: 'reduce', width: 1280, height: 720 },
  '200 % zoom': { colorScheme: 'light', width: 640, height: 360 },
  '320 px': { colorScheme: 'light', width: 320, height: 568 },
} as const;
export type View = keyof typeof VIEWS;

export async function show(page: Page, view: View): Promise<void> {
  const { width, height, ...media } = VIEWS[view];
  const plain = { colorScheme: null, forcedColors: null, reducedMotion: null };
  await page.emulateMedia({ ...plain, ...media });
  await page.setViewportSize({ width, height });
}

/** Each broken rule with its first element. Every rule that axe-core has for pages, also those of best practice. */
export async function axeViolations(frame: Frame): Promise<readonly string[]> {
  await frame.evaluate(`typeof axe === 'undefined' ? void (() => { ${AXE} })() : undefined`);
  const found = await frame.evaluate<unknown>(`axe.run(document, {
    resultTypes: ['violations'],
    // Its frames are other sites' pages.
    iframes: false,
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200) + ' ' + nodes[0].failureSummary))`);
  return Array.isArray(found) ? found.map(String) : ['axe-core gave no list'];
}

/** Whether something must be scrolled for sideways (WCAG 2.2, 1.4.10 Reflow). */
export async function isTooWide(frame: Frame): Promise<boolean> {
  return (await frame.evaluate('document.documentElement.scrollWidth > innerWidth')) === true;
}

/** Parts that move by themselves although the reader asked for less motion. */
export async function movingParts(frame: Frame): Promise<readonly string[]> {
  const moving = await frame.evaluate<unknown>(
    `document.getAnimations().filter(({ playState }) => playState === 'running').map(({ effect }) => 'moves: ' + effect.target.outerHTML.slice(0, 100))`,
  );
  return Array.isArray(moving) ? moving.map(String) : ['no list'];
}

/**
 * Goes through the page by Tab, once around.
 * @returns what is wrong: elements that can be pressed and are not reached, and those that do not show that they are
 */
export async function keyboardFaults(page: Page): Promise<readonly string[]> {
  const all = await page.evaluate<unknown>(`(() => {
    window.reached = new Set();
    window.pressable = () => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled);
    return window.pressable().length;
  })()`);
  const faults: string[] = [];
  for (let press = 0; press < Number(all) + 2; press += 1) {
    await page.keyboard.press('Tab');
    const fault = await page.evaluate<unknown>(`(() => {
      const element = document.activeElement;
      if (element === null || element === document.body || window.reached.has(element)) return '';
      window.reached.add(element);
      if (!window.pressable().includes(element)) return '';
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2 ? 'shows no focus: ' + element.outerHTML.slice(0, 100) : '';
    })()`);
    if (typeof fault === 'string' && fault !== '') faults.push(fault);
  }
  const missed = await page.evaluate<unknown>(
    `window.pressable().filter((element) => !window.reached.has(element)).map((element) => 'not reached: ' + element.outerHTML.slice(0, 100))`,
  );
  return [...faults, ...(Array.isArray(missed) ? missed.map(String) : ['no list'])];
}
