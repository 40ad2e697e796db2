// Completes the output of tsc: sets the executable bit, which `npx tmpfleet` needs in a checkout, copies the fleet page's
// HTML and CSS, and writes the commit to dist/commit. Argument: the directory of the build; default `dist`.
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

/** Outside a git checkout (an unpacked archive) the commit is unknown; a repository further up is not ours. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--show-prefix') === '' ? git('rev-parse', '--short=12', 'HEAD') : 'unknown';
  } catch {
    return 'unknown';
  }
}
