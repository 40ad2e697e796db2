// What tsc leaves to do: it does not set the executable bit, which `npx tmpfleet` needs in a checkout, and it does not copy
// the fleet page's HTML and CSS. And dist/commit says what was built. Takes the directory built into; `dist` unless told.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = resolve(root, process.argv[2] ?? 'dist');

chmodSync(join(dist, 'cli', 'main.js'), 0o755);
for (const name of ['page.html', 'style.css']) {
  const path = `redirector/fleet-page/client/${name}`;
  copyFileSync(join(root, path), join(dist, path));
}
writeFileSync(join(dist, 'commit'), `${commit()}\n`);

/** Outside a git checkout (an unpacked archive) nobody knows, and a repository further up is not ours. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--show-prefix') === '' ? git('rev-parse', '--short=12', 'HEAD') : 'unknown';
  } catch {
    return 'unknown';
  }
}
