// What tsc leaves to do: it does not set the executable bit, which `npx tmpfleet` needs in a checkout, and it does not
// copy the fleet page's HTML and CSS.
import { chmodSync, copyFileSync } from 'node:fs';

const at = (path) => new URL(`../${path}`, import.meta.url);

chmodSync(at('dist/cli/tmpfleet.js'), 0o755);
for (const name of ['page.html', 'style.css']) {
  const path = `redirector/fleet-page/client/${name}`;
  copyFileSync(at(path), at(`dist/${path}`));
}
