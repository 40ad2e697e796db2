// A redirector in its own process, and a browser that records everything a page must not do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { SECRET } from '../support.ts';

export interface RedirectorProcess {
  readonly run: Run;
  readonly url: string;
  readonly control: string;
  readonly dir: string;
  close(): Promise<void>;
}

/** @param dir its data directory, kept when given */
export async function startRedirectorProcess(
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  dir?: string,
): Promise<RedirectorProcess> {
  const dataDir = dir ?? mkdtempSync(join(tmpdir(), 'tmpfleet-page-'));
  const places = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', dataDir];
  const quick = ['--poll-interval', '100ms', '--unreachable-interval', '200ms', '--log-format', 'json'];
  const run = tmpfleet(['redirector', ...places, ...quick, ...flags], { TMPFLEET_SECRET: SECRET, ...env });
  const up = run.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)".*redirector is up/, 60_000);
  const [, url = '', control = ''] = await up.catch(async (error: unknown) => {
    await run.stop();
    throw error;
  });
  return {
    ...{ run, url, control, dir: dataDir },
    close: async () => {
      await run.stop();
      if (dir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, uncaught ones, and requests to anywhere but the page's own origin. */
  readonly faults: string[];
}

export async function openFleetPage(
  browser: Browser,
  control: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const page = await (await browser.newContext(options)).newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${control}/`) && !request.url().startsWith('data:'))
      faults.push(`asks elsewhere: ${request.url()}`);
  });
  await page.goto(`${control}/fleet`);
  return { page, faults };
}

/** Waits until the page has data from the redirector. */
export async function live(page: Page): Promise<void> {
  await page.locator('#connection[data-state="live"]').waitFor();
}
