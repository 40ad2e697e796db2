// What polling costs: the share of one core that the poll loop takes with 1,000 and 10,000 nodes at one poll every
// two seconds each, in the product's way (by undici, in a thread of its own where there are many), by undici without that
// thread, and by got, and what a redirect waits meanwhile.
//
//   npm run build && node bench/polling/main.mjs [--json FILE] [--short] [--only ours,undici]
//
// Rounds of the ways alternate. `share` is CPU time ÷ wall time; 1 is a whole core. `p99` is over requests one
// after another on one kept-alive connection. Needs about 10,000 file descriptors a process (ulimit -n).
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';

const { values } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, short: { type: 'boolean', default: false } },
});
const sizes = values.short ? [100] : [1_000, 10_000];
const rounds = values.short ? 1 : 3;
const seconds = values.short ? 3 : 10;

const WAYS = ['ours', 'undici', 'got'].filter(
  (way) => values.only === undefined || values.only.split(',').includes(way),
);

const start = (file, args) => fork(fileURLToPath(new URL(file, import.meta.url)), args);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const nodes = start('./nodes.mjs', []);
const [{ port }] = await once(nodes, 'message');

async function ask(front) {
  const answer = once(front, 'message');
  front.send('report');
  return (await answer)[0];
}

async function measure(how, size) {
  const front = start('./front.mjs', [how, String(size), String(port)]);
  front.once('exit', (code) => {
    if (code !== 0) throw new Error(`the front ended with ${code}`);
  });
  const [{ port: frontPort }] = await once(front, 'message');
  // Until every node is in view, or as many as this way can reach in the time.
  let before = await ask(front);
  for (let wait = 0; before.reachable < size && wait < 60; wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    before = await ask(front);
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  before = await ask(front);
  const began = performance.now();
  const waits = await click(`http://127.0.0.1:${frontPort}/notebooks/x?y=1`, began + seconds * 1_000);
  const after = await ask(front);
  const wall = (performance.now() - began) * 1_000;
  front.disconnect();
  await once(front, 'exit');
  const cpu = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
  waits.sort((a, b) => a - b);
  return {
    how,
    size,
    reachable: after.reachable,
    share: cpu / wall,
    p50: waits[Math.floor(waits.length * 0.5)],
    p99: waits[Math.floor(waits.length * 0.99)],
    oldest: after.oldest,
    rss: after.memory,
  };
}

/** About 50 clicks a second until `end`; how long each waited, ms. */
async function click(url, end) {
  const agent = new Agent({ connections: 1 });
  const waits = [];
  while (performance.now() < end) {
    const began = performance.now();
    const answer = await request(url, { dispatcher: agent, headers: { 'sec-fetch-mode': 'navigate' } });
    if (answer.statusCode !== 302) throw new Error(`a click got ${answer.statusCode}`);
    await answer.body.dump();
    waits.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await agent.close();
  return waits;
}

const samples = [];
for (const size of sizes) {
  for (let round = 0; round < rounds; round += 1) {
    for (const how of WAYS) samples.push(await measure(how, size));
  }
}
nodes.disconnect();

const table = sizes.flatMap((size) =>
  WAYS.map((how) => {
    const own = samples.filter((sample) => sample.size === size && sample.how === how);
    const of = (name) => median(own.map((sample) => sample[name]));
    return {
      nodes: size,
      by: how,
      'in view': of('reachable'),
      'share of a core': Number(of('share').toFixed(3)),
      'redirect p50 ms': Number(of('p50').toFixed(2)),
      'redirect p99 ms': Number(of('p99').toFixed(2)),
      'oldest report ms': Math.round(of('oldest')),
      'RSS MiB': Math.round(of('rss') / 1024 ** 2),
    };
  }),
);
console.table(table);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ rounds, seconds, samples, table }, undefined, 2)}\n`);
