// What a long line costs a front: readers in line with real held sockets, from addresses of 127.0.0.0/8 to which the limits by
// client apply, at one front over two full nodes. Memory, processor, how soon a freed sandbox's reader learns of it, and how soon others
// are answered meanwhile; each against a line of one reader.
//
//   npm run build && node bench/line/main.mjs [--json FILE] [--short]
//
// The front, the nodes (embedded engine) and the readers are processes of their own. Needs 6,000 file descriptors a process (ulimit -n).
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';

const { values } = parseArgs({
  options: { json: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const lengths = values.short ? [1, 200] : [1, 5_000];
const seconds = values.short ? 3 : 40;
const freed = values.short ? 3 : 10;

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SLOTS = 4;
/** Longest time for anything that is waited for here. ms */
const PATIENCE_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-line-'));
const children = [];

async function start(name, args) {
  const given = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'];
  const env = { ...process.env, TMPFLEET_SECRET: 'the-secret-of-the-bench-fleet' };
  const child = spawn(process.execPath, [COMMAND, ...args, ...given, '--data-dir', join(dir, name)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output = (output + text).slice(-20_000);
    });
  const [, url, control] = await until(
    () => /"url":"(http:[^"]+)","control":"(http:[^"]+)"/.exec(output),
    () => `${name} starts: ${output}`,
  );
  return { url, control, pid: child.pid };
}

async function until(isSo, what) {
  const late = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    if (performance.now() > late) throw new Error(`in vain: ${what()}`);
    await delay(50);
  }
}

const json = async (url, options) => (await fetch(url, options)).json();

/** Of the whole process, by the kernel: MiB, and seconds of processor time since its start. */
function usage(pid) {
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return { rss, cpu: (user + system) / 100 };
}

/** ms for each of `count` requests, one after another on one kept-alive connection. */
async function times(count, url, headers, isExpected) {
  const dispatcher = new Agent({ connections: 1 });
  const taken = [];
  for (let each = 0; each < count; each += 1) {
    const began = performance.now();
    const answer = await request(url, { headers, dispatcher });
    await answer.body.arrayBuffer();
    taken.push(performance.now() - began);
    if (!isExpected(answer)) throw new Error(`${url} is answered ${answer.statusCode}`);
    await delay(20);
  }
  await dispatcher.close();
  return taken.sort((one, other) => one - other);
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const CLICK = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

async function measure(length) {
  const limits = ['--exempt-clients', '192.0.2.1'];
  const front = await start(`front-${length}`, ['redirector', ...limits]);
  const nodes = await Promise.all(
    ['n1', 'n2'].map((name) => {
      const engine = ['--engine', 'local', '--command', sandboxCommand(), '--ephemeral', '--node-id', name];
      const size = ['--capacity', String(SLOTS), '--client-sandboxes', '0', '--front-url', front.url];
      return start(`${name}-${length}`, ['node-agent', ...engine, ...size, ...limits]);
    }),
  );
  for (const { url } of nodes)
    await json(`${front.control}/api/nodes`, { method: 'POST', body: JSON.stringify({ url }) });
  const isFree = (free) => async () => (await json(`${front.url}/stats`)).available === free;
  await until(isFree(2 * SLOTS), () => 'the pools are warm');
  const readers = fork(fileURLToPath(new URL('./readers.mjs', import.meta.url)), [front.url]);
  children.push(readers);
  const ask = async (message) => {
    const answer = once(readers, 'message');
    readers.send(message);
    return (await answer)[0];
  };
  await ask({ take: 2 * SLOTS });
  await until(isFree(0), () => 'the front knows that all are taken');
  const empty = usage(front.pid);

  const { took } = await ask({ stand: length });
  // Each has asked again at least once.
  await delay(values.short ? 1_000 : 30_000);
  const before = usage(front.pid);
  const waits = [];
  for (let each = 0; each < freed; each += 1) waits.push(await free(nodes[each % 2], readers));
  // Last, because each of these clicks gets a place, too, and leaves.
  const ready = await times(200, `${front.control}/readyz`, {}, ({ statusCode }) => statusCode === 200);
  const click = await times(50, `${front.url}/tree`, CLICK, ({ statusCode }) => statusCode === 503);
  const began = performance.now();
  const quiet = usage(front.pid);
  await delay(seconds * 1_000);
  const after = usage(front.pid);
  const share = (after.cpu - quiet.cpu) / ((performance.now() - began) / 1_000);
  const { held, disorder } = await ask('count');
  waits.sort((one, other) => one - other);
  await stop();
  return {
    readers: length,
    'held requests': held,
    'out of order': disorder,
    'all in line after s': round(took / 1_000, 1),
    'RSS MiB, empty line': round(empty.rss, 0),
    'RSS MiB': round(Math.max(before.rss, after.rss), 0),
    'share of a core': round(share, 3),
    'readyz p50 ms': round(at(ready, 0.5), 2),
    'readyz p99 ms': round(at(ready, 0.99), 2),
    'click p50 ms': round(at(click, 0.5), 2),
    'click p99 ms': round(at(click, 0.99), 2),
    'told p50 ms': round(at(waits, 0.5), 0),
    'told max ms': round(waits.at(-1), 0),
  };
}

/** Ends a sandbox. @returns ms from when the node has another one warm to when a reader knows */
async function free(node, readers) {
  const told = once(readers, 'message');
  const sandboxes = await json(`${node.control}/api/sandboxes`);
  const { id } = sandboxes.find(({ state }) => state === 'claimed' || state === 'active');
  await fetch(`${node.control}/api/sandboxes/${id}`, { method: 'DELETE' });
  await until(
    async () => (await json(`${node.control}/api/sandboxes`)).every((each) => each.id !== id),
    () => 'it is gone',
  );
  const gone = performance.timeOrigin + performance.now();
  const [{ toldAt }] = await told;
  // The reader goes there, and it is full again.
  await until(
    async () =>
      (await json(`${node.control}/api/sandboxes`)).filter(({ state }) => /claimed|active/.test(state))
        .length === SLOTS,
    () => 'it is taken',
  );
  return Math.max(0, toldAt - gone);
}

const round = (number, digits) => Number(number.toFixed(digits));

/** Perl is a part of every Debian and macOS, and needs 5 MB: the nodes are not what is measured. */
function sandboxCommand() {
  return `perl ${fileURLToPath(new URL('../../test/support/light-server.pl', import.meta.url))} {ip} {port}`;
}

async function stop() {
  await Promise.all(
    children.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }),
  );
}

try {
  const samples = [];
  for (const length of lengths) samples.push(await measure(length));
  console.table(Object.fromEntries(samples.map(({ readers, ...rest }) => [`${readers} in line`, rest])));
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ seconds, freed, samples }, undefined, 2)}\n`);
} finally {
  await stop();
  rmSync(dir, { recursive: true, force: true });
}
