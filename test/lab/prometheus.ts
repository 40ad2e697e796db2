// Debian's prometheus package, for promtool. Its service is not started: see install.ts.
import { ensurePackages } from './install.ts';

/** The path of promtool. */
export async function ensurePromtool(): Promise<string> {
  await ensurePackages(['prometheus']);
  return '/usr/bin/promtool';
}
