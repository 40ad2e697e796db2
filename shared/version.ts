// The version of this package, from the one place that states it, and the commit it was built from.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageSchema = z.object({ version: z.string() });

/** From dist/shared/ as from shared/, the nearest package file above. */
function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return packageSchema.parse(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))).version;
    } catch {
      // Not here: one level up.
    }
  }
  return 'unknown';
}

/** The build leaves it in dist/commit (scripts/after-build.mjs). */
function readCommit(): string {
  try {
    return z.hex().parse(readFileSync(new URL('../commit', import.meta.url), 'utf8').trim());
  } catch {
    return 'unknown';
  }
}

export const VERSION = readVersion();
export const COMMIT = readCommit();

/** `0.1.0 (083d679d3b6c)`: for bug reports. */
export function describeVersion(): string {
  return COMMIT === 'unknown' ? VERSION : `${VERSION} (${COMMIT})`;
}
