/**
 * The static files of a page through a node, from their sandbox and from the node's memory: requests a second, and processor time of
 * the node and of the sandbox for a request.
 *
 *   npm run build && node bench/static-cache.mjs [--short] [--rounds <n>] [--seconds <n>] [--connections <n>] [--json <path>]
 *
 * Twelve files of 10 to 200 KiB that look like scripts, asked for in turn over kept-alive connections as a browser would, by plain
 * sockets. The node has core 0 to itself where there is `taskset`; sandbox and load share the rest, so that "from the sandbox" also
 * shows what the sandbox can do: compare the processor times. Targets take turns; figures are medians.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuMicroseconds } from './common/cpu.mjs';

const KIB = [10, 12, 16, 20, 28, 36, 48, 64, 90, 120, 160, 200];
const FILES = KIB.map((size) => `static/part${size}.0a1b2c3d4e5f.js`);
/** A sandbox: no single quotes, because it is given to node in a shell command. */
const SANDBOX = `
const text = (size) => Array.from({ length: size * 16 }, (_, n) => "export const value" + (n * 7919 % 1e5) + " = " + n + ";" + " ".repeat(20)).join("\\n").slice(0, size * 1024);
const bodies = new Map(${JSON.stringify(KIB)}.map((size) => [String(size), Buffer.from(text(size))]));
require("http").createServer((request, response) => {
  const [, size] = /part([0-9]+)/.exec(request.url) ?? [];
  const body = bodies.get(size) ?? Buffer.from("ok");
  response.writeHead(200, { "content-type": "application/javascript", "cache-control": "max-age=86400", "content-length": body.length }).end(body);
}).listen(Number(process.argv.at(-1)), "127.0.0.1");`;
const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const TARGETS = [
  { name: 'from the sandbox', memory: '0', accepts: 'identity' },
  { name: 'from memory', memory: '64m', accepts: 'identity' },
  { name: 'from memory, compressed', memory: '64m', accepts: 'gzip' },
];

const { values: flags } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '32' },
    json: { type: 'string' },
  },
});
const seconds = Number(flags.seconds ?? (flags.short ? 0.5 : 2));
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-'));
const nodes = [];
/** Every process that was started, and its end. */
const started = [];
try {
  const found = Object.fromEntries(TARGETS.map(({ name }) => [name, []]));
  for (const memory of ['0', '64m']) nodes.push(await startNode(memory));
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    for (const target of TARGETS) {
      const node = nodes.find(({ memory }) => memory === target.memory);
      found[target.name].push(await measure(node, target));
    }
  }
  report(found);
} finally {
  for (const { child } of started) child.kill('SIGTERM');
  await Promise.all(started.map(({ ended }) => ended));
  rmSync(dir, { recursive: true, force: true });
}

/** A node with one claimed sandbox, whose files are in memory unless it has none. */
async function startNode(memory) {
  const command = `'${process.execPath}' -e '${SANDBOX}' {port}`;
  const args = [
    ...[MAIN, 'node-agent', '--engine', 'local', '--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
    ...[
      '--capacity',
      '4',
      '--warm',
      '3',
      '--ephemeral',
      '--data-dir',
      join(dir, memory),
      '--command',
      command,
    ],
    ...['--static-cache', memory, '--log-level', 'info'],
  ];
  const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined;
  const [file, ...rest] = [...(pinned ? ['taskset', '-c', '0'] : []), process.execPath, ...args];
  const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push({ child, ended: new Promise((resolve) => child.once('close', resolve)) });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const url = await until('the node is up', () => /"url":"([^"]+)"/.exec(output)?.[1]);
  const control = /"control":"([^"]+)"/.exec(output)?.[1];
  await until('three are warm', async () => (await ask(`${url}/stats`)).fleet.warm === 3);
  const spawned = await (await fetch(`${url}/api/spawn`, { method: 'POST' })).json();
  const id = /\/user\/([^/]+)/.exec(spawned.url)?.[1];
  const port = Number(new URL(url).port);
  const node = { memory, child, port, id, token: spawned.token, control };
  const sandboxes = await ask(`${control}/api/sandboxes`);
  node.sandboxPort = Number(/:(\d+)$/.exec(sandboxes.find((each) => each.id === id)?.address)?.[1]);
  node.sandboxPid = pidListeningOn(node.sandboxPort);
  if (memory !== '0') {
    for (const file of FILES) {
      await until(`${file} is in memory, compressed`, async () => {
        const answer = await fetch(`${url}/user/${id}/${file}`, {
          headers: { authorization: `token ${node.token}`, 'accept-encoding': 'gzip' },
        });
        await answer.arrayBuffer();
        return answer.headers.has('age') && answer.headers.get('content-encoding') === 'gzip';
      });
    }
  }
  return node;
}

async function measure(node, { accepts }) {
  const before = [cpuMicroseconds(node.child.pid), cpuMicroseconds(node.sandboxPid)];
  const began = performance.now();
  const deadline = began + seconds * 1000;
  const counts = await Promise.all(
    Array.from({ length: Number(flags.connections) }, (_, n) => drive(node, { accepts, first: n, deadline })),
  );
  const took = (performance.now() - began) / 1000;
  const requests = counts.reduce((sum, { requests: each }) => sum + each, 0);
  const bytes = counts.reduce((sum, each) => sum + each.bytes, 0);
  // The node's children are its sandboxes.
  const sandboxUs = cpuMicroseconds(node.sandboxPid) - before[1];
  const nodeUs = cpuMicroseconds(node.child.pid) - before[0] - sandboxUs;
  return {
    ...{ perSecond: requests / took, bytesEach: bytes / requests },
    ...{ nodeUs: nodeUs / requests, sandboxUs: sandboxUs / requests },
  };
}

/** One connection: a request after the other, until the time is over. */
function drive({ port, id, token }, { accepts, first, deadline }) {
  return new Promise((resolve, reject) => {
    let [at, requests, bytes, left, head] = [first, 0, 0, 0, ''];
    const socket = connect(port, '127.0.0.1');
    const next = () => {
      if (performance.now() >= deadline) {
        socket.destroy();
        resolve({ requests, bytes });
        return;
      }
      const file = FILES[at++ % FILES.length];
      socket.write(
        `GET /user/${id}/${file} HTTP/1.1\r\nHost: node7.example.org\r\nAccept: */*\r\nAccept-Encoding: ${accepts}\r\n` +
          `Accept-Language: en-GB,en;q=0.5\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)\r\nAuthorization: token ${token}\r\n\r\n`,
      );
    };
    socket.on('error', reject).on('connect', next);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      let rest = chunk;
      if (left === 0) {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!head.startsWith('HTTP/1.1 200'))
          return reject(new Error(`the node answers ${head.slice(0, end)}`));
        left = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        rest = chunk.subarray(chunk.length - (head.length - end - 4));
        head = '';
      }
      left -= rest.length;
      if (left > 0) return;
      requests += 1;
      next();
    });
  });
}

function report(found) {
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const targets = Object.fromEntries(
    Object.entries(found).map(([name, rounds]) => [
      name,
      Object.fromEntries(Object.keys(rounds[0]).map((key) => [key, median(rounds.map((each) => each[key]))])),
    ]),
  );
  for (const [name, { perSecond, bytesEach, nodeUs, sandboxUs }] of Object.entries(targets)) {
    const ratio = perSecond / targets['from the sandbox'].perSecond;
    console.log(
      `${name.padEnd(26)} ${Math.round(perSecond)} requests/s (${ratio.toFixed(2)} ×), ${Math.round(bytesEach / 1024)} KiB each; ` +
        `processor time of a request: node ${Math.round(nodeUs)} µs, sandbox ${Math.round(sandboxUs)} µs`,
    );
  }
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ seconds, targets }, null, 2)}\n`);
}

/** The process that listens at a port of 127.0.0.1. */
function pidListeningOn(port) {
  const { stdout = '' } = spawnSync('ss', ['-Hltnp', `sport = :${port}`], { encoding: 'utf8' });
  return Number(/pid=(\d+)/.exec(stdout)?.[1]);
}

async function ask(url) {
  return (await fetch(url)).json();
}

async function until(what, holds) {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await delay(50)) {
    const found = await Promise.resolve(holds()).catch(() => undefined);
    if (found) return found;
  }
  throw new Error(`waited in vain until ${what}`);
}
