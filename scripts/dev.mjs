// `npm run dev`: compiles on every change, then restarts a front and one node with the embedded engine; until Ctrl-C.
// Arguments after `npm run dev --` go to `tmpfleet demo`.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FLEET_PAGE = 'redirector/fleet-page/client';
const DEMO = ['dist/cli/main.js', 'demo', '--nodes', '1', '--engine', 'local', ...process.argv.slice(2)];
/** The message of a compiler that found no errors. */
const COMPILED = /Found 0 errors/;

const compilers = [
  'tsconfig.build.json',
  FLEET_PAGE,
  'redirector/embed/client',
  'node-agent/companion/client',
].map(compile);
const compiled = new Set();
const page = watch(join(ROOT, FLEET_PAGE), (_, name) => {
  if (/\.(html|css)$/.test(name ?? '') && compiled.size === compilers.length) restart();
});
let demo;
let stopping = false;
/** Restarts run one at a time; a request while another one waits is merged with it. */
let restarting = Promise.resolve();
let isWaiting = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);

function compile(project) {
  const args = ['node_modules/typescript/bin/tsc', '-p', project, '--watch', '--preserveWatchOutput'];
  // A group of its own: on Node 20 tsc is a script that waits for the compiler proper, and a signal reaches only the script.
  const options = { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], detached: true };
  const child = spawn(process.execPath, args, options);
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    if (!COMPILED.test(text)) return;
    compiled.add(project);
    if (compiled.size === compilers.length) restart();
  });
  return child;
}

function restart() {
  if (isWaiting || stopping) return;
  isWaiting = true;
  restarting = restarting.then(async () => {
    isWaiting = false;
    await end(demo);
    if (stopping) return;
    execFileSync(process.execPath, ['scripts/after-build.mjs'], { cwd: ROOT });
    demo = spawn(process.execPath, DEMO, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  });
}

async function stop() {
  if (stopping) return;
  stopping = true;
  page.close();
  for (const child of compilers.filter(isRunning)) process.kill(-child.pid, 'SIGTERM');
  await restarting;
  await end(demo);
}

/** The demo removes its processes and files before it ends. */
async function end(child) {
  if (child === undefined || !isRunning(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function isRunning({ exitCode, signalCode }) {
  return exitCode === null && signalCode === null;
}
