// A real browser from Debian's packages: installed when it is missing, driven by playwright-core. Of the same source and
// version there are two: the browser, and its engine without windows and settings (`chromium-headless-shell`), which takes
// half of the processor's time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core';
import { ensurePackages } from './install.ts';

/** Starts one of them: see there. */
const PROGRAM = fileURLToPath(new URL('./chromium-quiet.py', import.meta.url));

/** Root needs the first; the others keep the browser from contacting any other server. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A suite that needs sites of its own gives them names below `test` (RFC 6761 §6.2).
  '--host-resolver-rules=MAP *.test 127.0.0.1',
];

/** The program for both. @throws Error if they are missing and cannot be installed */
export async function ensureChromium(): Promise<string> {
  await ensurePackages(['chromium', 'chromium-headless-shell', 'python3-seccomp']);
  return PROGRAM;
}

/** The engine alone: for pages, and what they may do. Headless. The caller closes it. */
export function launchChromium(executablePath: string, options: LaunchOptions = {}): Promise<Browser> {
  const env = { ...process.env, LAB_CHROMIUM: '/usr/lib/chromium/chromium-headless-shell' };
  return launchBrowser(executablePath, { ...options, env });
}

/** The whole browser: for what depends on its settings, such as its rules for cookies. Headless. The caller closes it. */
export function launchBrowser(executablePath: string, options: LaunchOptions = {}): Promise<Browser> {
  const { args = [], ...rest } = options;
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...args], ...rest });
}

/**
 * The whole browser with one profile, whose owner has changed its preferences (the file `Preferences` of the profile). Takes any
 * certificate. The caller closes it, and removes the directory.
 */
export function launchProfile(
  executablePath: string,
  dir: string,
  preferences: object,
): Promise<BrowserContext> {
  mkdirSync(join(dir, 'Default'), { recursive: true });
  writeFileSync(join(dir, 'Default', 'Preferences'), JSON.stringify(preferences));
  const options = { executablePath, headless: true, args: FLAGS, ignoreHTTPSErrors: true };
  return chromium.launchPersistentContext(dir, options);
}
