// `npm run docs`: writes docs/reference/ from the source. The generators are TypeScript, which Node 20 cannot run
// itself; vite, which comes with vitest, can.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { module } = await runnerImport(join(ROOT, 'scripts', 'reference', 'main.ts'));
for (const [path, text] of Object.entries(await module.makeReferences())) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  console.log(path);
}
