// What a node's agent holds in memory: with one sandbox, with many, and with two WebSockets of a reader to each of them, before and after
// these have carried messages.
//
//   npm run bench:memory -- [--json FILE] [--short] [--sandboxes <n>] [--sockets <n>]
//
// The node is a process of its own with the embedded engine, a sandbox a Perl of a few milliseconds. Resident memory, and of it what
// JavaScript uses (heap and buffers), are the least of some samples: a collector runs when it likes. Needs 3,000 file descriptors.
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { executeRequest } from '../dist/shared/jupyter/messages.js';
import { Fleet } from './common/fleet.mjs';
import { rounded } from './common/numbers.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    short: { type: 'boolean', default: false },
    sandboxes: { type: 'string' },
    sockets: { type: 'string' },
  },
});
const sandboxes = Number(values.sandboxes ?? (values.short ? 10 : 200));
const socketCount = Number(values.sockets ?? 2 * sandboxes);
const samples = values.short ? 3 : 30;
const SAMPLE_MS = 500;
/** That each WebSocket carries there and back. */
const MESSAGES = 20;
const MIB = 1024 ** 2;
const SANDBOX = `perl -w ${fileURLToPath(new URL('nature-day/notebook.pl', import.meta.url))} {ip} {port}`;

const fleet = new Fleet('memory');
const rows = {};
try {
  const one = await start(1);
  rows['one sandbox'] = await least(one);
  await fleet.end('node-1');
  const node = await start(sandboxes);
  rows[`${sandboxes} sandboxes`] = await least(node);
  const readers = [];
  for (let n = 0; n < sandboxes; n += 1)
    readers.push(await (await fetch(`${node.url}/api/spawn`, { method: 'POST' })).json());
  rows['all of them claimed'] = await least(node);
  const sockets = [];
  for (let n = 0; n < socketCount; n += 1) sockets.push(await open(node, readers[n % sandboxes]));
  rows[`${socketCount} WebSockets`] = await least(node);
  for (let message = 0; message < MESSAGES; message += 1) await Promise.all(sockets.map(answer));
  rows[`after ${MESSAGES} messages on each`] = await least(node);
  for (const socket of sockets) socket.terminate();
} finally {
  await fleet.stop();
}
const [one, many, claimed, open_, used] = Object.values(rows);
const each = (after, before, count, key) => Math.round((after[key] - before[key]) / count);
const result = {
  ...{ what: 'memory', sandboxes, sockets: socketCount, rows },
  sandbox: {
    resident: each(many, one, sandboxes - 1, 'resident'),
    used: each(many, one, sandboxes - 1, 'used'),
  },
  socket: {
    resident: each(open_, claimed, socketCount, 'resident'),
    used: each(open_, claimed, socketCount, 'used'),
  },
  usedSocket: {
    resident: each(used, claimed, socketCount, 'resident'),
    used: each(used, claimed, socketCount, 'used'),
  },
};
console.log('the agent of a node, MiB            resident    used by JavaScript');
for (const [name, { resident, used: bytes }] of Object.entries(rows))
  console.log(
    `${name.padEnd(36)} ${[resident, bytes]
      .map((size) =>
        rounded(size / MIB, 1)
          .toFixed(1)
          .padStart(7),
      )
      .join('    ')}`,
  );
console.log('\nbytes of each');
for (const [name, { resident, used: bytes }] of [
  ['sandbox', result.sandbox],
  ['WebSocket', result.socket],
  ['WebSocket that has carried messages', result.usedSocket],
])
  console.log(`${name.padEnd(36)} ${[resident, bytes].map((size) => String(size).padStart(7)).join('    ')}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, undefined, 1)}\n`);

async function start(count) {
  const size = ['--capacity', String(count), '--warm', 'all', '--lease', '1h', '--concurrent-starts', '8'];
  const limits = ['--client-sandboxes', '0', '--client-arrivals', '0'];
  const node = await fleet.startNode(`node-${count}`, ['--command', SANDBOX, ...size, ...limits]);
  await fleet.untilFree(node.url, count);
  return node;
}

/** A reader's, as the page of a notebook opens it. */
async function open(node, { url, token }) {
  const address = `${node.url.replace('http', 'ws')}${url}api/kernels/b6f4c2d8/channels`;
  const socket = new WebSocket(address, { headers: { authorization: `token ${token}` } });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

/** Runs a line, and waits for its output and its reply. */
function answer(socket) {
  return new Promise((resolve, reject) => {
    let left = 2;
    const hear = () => {
      left -= 1;
      if (left > 0) return;
      socket.off('message', hear).off('close', reject);
      resolve();
    };
    socket.on('message', hear).once('close', reject);
    socket.send(JSON.stringify(executeRequest('bench', 'print(6 * 7)')));
  });
}

/** @returns bytes, the least of the samples */
async function least({ controlUrl }) {
  const seen = { resident: Number.POSITIVE_INFINITY, used: Number.POSITIVE_INFINITY };
  for (let n = 0; n < samples; n += 1) {
    const text = await (await fetch(`${controlUrl}/metrics`)).text();
    const metric = (name) => Number(new RegExp(`^${name}(?:\\{.*?\\})? (\\S+)$`, 'm').exec(text)?.[1]);
    const used = metric('nodejs_heap_size_used_bytes') + metric('nodejs_external_memory_bytes');
    seen.resident = Math.min(seen.resident, metric('process_resident_memory_bytes'));
    seen.used = Math.min(seen.used, used);
    await delay(SAMPLE_MS);
  }
  return seen;
}
