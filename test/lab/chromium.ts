// A real browser from Debian's package: installed when it is missing, driven by playwright-core.
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';
import { ensurePackages } from './install.ts';

/** Starts Debian's Chromium: see there. */
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

/** The browser's program. @throws Error if it is missing and cannot be installed */
export async function ensureChromium(): Promise<string> {
  await ensurePackages(['chromium', 'python3-seccomp']);
  return PROGRAM;
}

/** Headless. The caller closes it. */
export function launchChromium(executablePath: string, options: LaunchOptions = {}): Promise<Browser> {
  const { args = [], ...rest } = options;
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...args], ...rest });
}
