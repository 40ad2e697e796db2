// A burst at one node: as many claims at once as there are warm sandboxes, each from a socket of its own, by the node's own
// `POST /api/spawn`. From the first byte of a connection to the whole answer, which is given once the claim is on disk.
//
//   npm run bench:claims -- [--json FILE] [--short] [--claims <n>] [--rounds <n>]
//
// The node is a process of its own with the embedded engine; a sandbox is a Perl of a few milliseconds. Bursts come when the last answer
// of each sandbox is so old that the claim asks it again. Beside them stand claims one after another. Needs 2,000 file descriptors.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ownCpuMicroseconds } from './common/cpu.mjs';
import { Fleet } from './common/fleet.mjs';
import { median, percentile, rounded } from './common/numbers.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    short: { type: 'boolean', default: false },
    claims: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const claims = Number(values.claims ?? (values.short ? 30 : 300));
const rounds = Number(values.rounds ?? (values.short ? 1 : 3));
const SANDBOX = `perl -w ${fileURLToPath(new URL('nature-day/notebook.pl', import.meta.url))} {ip} {port}`;
/** From then on a claim asks the sandbox whether it answers. */
const STALE_MS = 5_500;

const fleet = new Fleet('claims');
const SHAPES = { 'one after another': oneByOne, 'at once': burst };
const found = Object.fromEntries(Object.keys(SHAPES).map((shape) => [shape, []]));
try {
  const size = ['--capacity', String(claims), '--warm', 'all', '--lease', '10m', '--concurrent-starts', '8'];
  const limits = ['--client-sandboxes', '0', '--client-arrivals', '0'];
  // The engine's list is read from a file for each sandbox: not within a burst.
  const node = await fleet.startNode('node', [
    '--command',
    SANDBOX,
    ...size,
    ...limits,
    '--reap-interval',
    '10m',
  ]);
  for (let round = 0; round < rounds; round += 1)
    for (const [shape, claim] of Object.entries(SHAPES)) found[shape].push(await measure(node, claim));
} finally {
  await fleet.stop();
}
const result = { what: 'claims', cores: cpus().length, claims, rounds, shapes: {} };
for (const [shape, runs] of Object.entries(found)) {
  const times = runs.flatMap((run) => run.times);
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => rounded(percentile(times, part), 1));
  const [flushes, cpu] = ['flushes', 'cpu'].map((key) => median(runs.map((run) => run[key])));
  result.shapes[shape] = { p50_ms: p50, p90_ms: p90, p99_ms: p99, flushes, node_cpu_ms: rounded(cpu, 2) };
}
console.log(
  `${claims} claims of warm sandboxes, each on disk before its answer (${rounds} rounds, ${result.cores} cores)`,
);
console.log(
  "                       p50 ms    p90 ms    p99 ms   flushes  the node's processor time of a claim, ms",
);
for (const [shape, figures] of Object.entries(result.shapes))
  console.log(
    `${shape.padEnd(20)} ${Object.values(figures)
      .map((each) => String(each).padStart(8))
      .join('  ')}`,
  );
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);

/** Fills the pool, claims all of it, and gives it back. */
async function measure(node, claim) {
  await fleet.untilFree(node.url, claims);
  await delay(STALE_MS);
  const before = await flushesOf(node);
  const usedBefore = ownCpuMicroseconds(node.pid);
  const done = await claim(new URL(node.url));
  const cpu = (ownCpuMicroseconds(node.pid) - usedBefore) / 1_000 / claims;
  const flushes = (await flushesOf(node)) - before;
  for (const { id } of done) await fetch(`${node.controlUrl}/api/sandboxes/${id}`, { method: 'DELETE' });
  return { times: done.map(({ ms }) => ms), flushes, cpu };
}

function burst(url) {
  return Promise.all(Array.from({ length: claims }, () => claimOne(url)));
}

async function oneByOne(url) {
  const done = [];
  for (let n = 0; n < claims; n += 1) done.push(await claimOne(url));
  return done;
}

/** A program that has just come: a connection of its own, by a plain socket, so that the client costs little. @returns `{ id, ms }` */
function claimOne({ hostname, port, host }) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let answer = '';
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `POST /api/spawn HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      ),
    );
    socket.on('error', reject).on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('end', () => {
      const [, id] = /^HTTP\/1.1 200 .*"url":"\/user\/([^/]+)\/"/s.exec(answer) ?? [];
      if (id !== undefined) resolve({ id, ms: performance.now() - began });
      else reject(new Error(`the node answers ${answer.slice(0, 300)}`));
    });
  });
}

async function flushesOf({ controlUrl }) {
  const text = await (await fetch(`${controlUrl}/metrics`)).text();
  return Number(/^tmpfleet_journal_flush_seconds_count(?:\{.*?\})? (\d+)$/m.exec(text)?.[1]);
}
