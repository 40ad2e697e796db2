// What tsc leaves to do: it does not set the executable bit, which `npx tmpfleet` needs in a checkout, and it does not copy
// the fleet page's HTML and CSS. And dist/commit says what was built.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => new URL(`../${path}`, import.meta.url);

chmodSync(at('dist/cli/tmpfleet.js'), 0o755);
for (const name of ['page.html', 'style.css']) {
  const path = `redirector/fleet-page/client/${name}`;
  copyFileSync(at(path), at(`dist/${path}`));
}
writeFileSync(at('dist/commit'), `${commit()}\n`);

/** Outside a git checkout (an unpacked archive) nobody knows, and a repository further up is not ours. */
function commit() {
  const cwd = fileURLToPath(at(''));
  const git = (...args) =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--show-prefix') === '' ? git('rev-parse', '--short=12', 'HEAD') : 'unknown';
  } catch {
    return 'unknown';
  }
}
