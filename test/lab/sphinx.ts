// Debian's Sphinx with MyST, which Jupyter Book 1 is made of.
import { ensurePackages } from './install.ts';

/** The path of sphinx-build. */
export async function ensureSphinx(): Promise<string> {
  await ensurePackages(['python3-sphinx', 'python3-myst-parser']);
  return '/usr/bin/sphinx-build';
}
