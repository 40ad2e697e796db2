/**
 * How many small GETs per second one core can proxy through a node, compared with the same requests sent directly to
 * the same upstream.
 *
 *   npm run build && node bench/proxy.mjs [--short] [--json <path>] [--rounds <n>] [--connections <n>]
 *     [--dist <directory>] (another build to measure, for a comparison)
 *
 * Upstream, proxy and load are processes of their own; with `taskset` the proxy has core 0 to itself and the two
 * others share what is left. Upstream and load speak just enough HTTP over plain sockets (a canned answer, a count
 * of bytes), so that they are not what is measured. Rounds through the proxy and direct ones take turns; figures
 * are medians. "CPU" is what the proxy's process used for a request, user and system: its inverse is what a core
 * could carry were the proxy never kept waiting, and it is the steadier figure where a machine is shared.
 */
import { fork, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const ID = 'abcdefgh234567abcdefgh234567abcd';
/** What the reader's browser shows with each request. */
const KEY = '0123456789abcdef0123456789abcdef01234567';
const BODY = JSON.stringify({ version: '2.14.2', padding: 'x'.repeat(100) });
const ANSWER =
  `HTTP/1.1 200 OK\r\nServer: TornadoServer/6.4\r\nContent-Type: application/json\r\n` +
  `Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nEtag: "0123456789abcdef"\r\nX-Content-Type-Options: nosniff\r\n` +
  `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
const REQUEST =
  `GET /user/${ID}/api?_=1700000000000 HTTP/1.1\r\nHost: node7.example.org\r\nConnection: keep-alive\r\n` +
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: */*\r\n' +
  'Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n' +
  `Cookie: _xsrf=2|1234|5678|1700000000; tmpfleet_n1_abcdefgh=${ID}.${KEY}; tmpfleet_key=${KEY}\r\n\r\n`;

const roles = { upstream, proxy, load };
const role = process.argv[2]?.replace('--role=', '');
if (role !== undefined && role in roles) await roles[role]();
else await main();

/** Answers every request head: text that ends in a blank line. */
async function upstream() {
  const answer = Buffer.from(ANSWER);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (chunk.subarray(-4).toString('latin1') === '\r\n\r\n') socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

async function proxy() {
  const dist = pathToFileURL(`${resolve(process.argv[4])}/`);
  const { createProxy } = await import(new URL('node-agent/proxy/proxy.js', dist));
  const { serve } = await import(new URL('shared/http/serving.js', dist));
  // A build from before sandboxes had keys has no such module, and asks for no check.
  const { admit } = await import(new URL('node-agent/ownership/access.js', dist)).catch(() => ({}));
  const rules = { nodeId: 'n1', trustProxy: false, openUrls: false, credentialedOrigin: '' };
  const sandbox = { id: ID, key: KEY, claimedBy: 'reader' };
  const names = new Set(['_xsrf']);
  const port = Number(process.argv[3]);
  let uses = 0;
  const proxied = createProxy({
    lookup: (id) => (id === ID ? { address: { host: '127.0.0.1', port }, token: 'secret' } : 'gone'),
    used: () => {
      uses += 1;
    },
    failed: () => process.exit(2),
    refuse: (_request, response, { status }) => response.writeHead(status).end(),
    responseHeaders: {},
    framePolicy: () => "frame-ancestors 'self'",
    trustProxy: false,
    ownCookiePrefix: 'tmpfleet_',
    admit: (request, _id, target) => admit(request, target, sandbox, rules),
    cookies: { names: () => names, learn: () => true },
  });
  const handle = (request, response) => {
    if (!proxied.handle(request, response)) response.writeHead(404).end();
  };
  const serving = await serve({ what: 'the bench', host: '127.0.0.1', port: 0, flag: '--port', handle });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpu: user + system, uses, rss: process.memoryUsage().rss });
  });
  process.send({ port: serving.port });
}

/** On each message {port, connections, ms}: sends as many requests as possible, one at a time per connection. */
async function load() {
  const bytes = Buffer.from(REQUEST);
  process.on('message', async ({ port, connections, ms }) => {
    const length = await measureAnswer(port, bytes);
    let answers = 0;
    let over = false;
    const started = performance.now();
    const runs = Array.from({ length: connections }, () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(bytes));
      let got = 0;
      socket.on('data', (chunk) => {
        got += chunk.length;
        if (got < length) return;
        if (got > length) throw new Error(`an answer of ${got} bytes instead of ${length}`);
        got = 0;
        answers += 1;
        if (over) socket.destroy();
        else socket.write(bytes);
      });
      return new Promise((resolve) => socket.once('close', resolve));
    });
    setTimeout(() => {
      over = true;
    }, ms);
    await Promise.all(runs);
    process.send({ answers, seconds: (performance.now() - started) / 1000 });
  });
  process.send({});
}

function measureAnswer(port, bytes) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.endsWith(BODY)) return;
      socket.destroy();
      if (text.startsWith('HTTP/1.1 200 ')) resolve(text.length);
      else reject(new Error(text));
    });
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'string' },
      rounds: { type: 'string' },
      connections: { type: 'string', default: '32' },
      dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) },
    },
  });
  const rounds = Number(values.rounds ?? (values.short ? 3 : 9));
  const ms = values.short ? 1_000 : 3_000;
  const connections = Number(values.connections);
  const cores = availableParallelism();
  const pinned = cores > 1 && spawnSync('taskset', ['--version']).status === 0;
  const others = cores === 2 ? '1' : `1-${cores - 1}`;

  const upstreamProcess = await start('upstream', [], others, pinned);
  const proxyProcess = await start('proxy', [String(upstreamProcess.hello.port), values.dist], '0', pinned);
  const loadProcess = await start('load', [], others, pinned);
  const targets = { direct: upstreamProcess.hello.port, proxied: proxyProcess.hello.port };
  const run = (port, duration) => call(loadProcess.child, { port, connections, ms: duration });
  for (const port of Object.values(targets)) await run(port, ms / 2);

  const results = { direct: [], proxied: [], cpu: [] };
  let rss = 0;
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? ['direct', 'proxied'] : ['proxied', 'direct'];
    for (const name of order) {
      const before = await call(proxyProcess.child, 'cpu');
      const { answers, seconds } = await run(targets[name], ms);
      const after = await call(proxyProcess.child, 'cpu');
      results[name].push(answers / seconds);
      if (name === 'proxied') results.cpu.push((after.cpu - before.cpu) / answers);
      rss = after.rss;
    }
  }
  for (const { child } of [upstreamProcess, proxyProcess, loadProcess]) child.kill();

  const report = {
    what: 'small GETs through the proxy',
    node: process.version,
    machine: `${cores} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    pinned,
    connections,
    rounds,
    secondsPerRound: ms / 1000,
    proxiedPerSecond: Math.round(median(results.proxied)),
    directPerSecond: Math.round(median(results.direct)),
    ratio: round2(median(results.proxied) / median(results.direct)),
    cpuMicrosecondsPerRequest: round2(median(results.cpu)),
    perCoreBusy: Math.round(1_000_000 / median(results.cpu)),
    proxyMegabytes: Math.round(rss / 1_048_576),
    all: {
      proxied: results.proxied.map(Math.round),
      direct: results.direct.map(Math.round),
      cpu: results.cpu.map(round2),
    },
  };
  print(report);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

function start(name, args, core, pinned) {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [`--role=${name}`, ...args], {
      ...(pinned ? { execPath: 'taskset', execArgv: ['-c', core, process.execPath] } : {}),
    });
    child.once('message', (hello) => resolve({ child, hello }));
    child.once('exit', (code) => {
      if (code) reject(new Error(`${name} ended with ${code}; is dist/ built?`));
    });
  });
}

function call(child, message) {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.send(message);
  });
}

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function round2(value) {
  return Math.round(value * 100) / 100;
}

function print(report) {
  const range = (values) => `${Math.min(...values)} … ${Math.max(...values)}`;
  console.log(`${report.what}: node ${report.node}, ${report.machine}, ${report.connections} connections`);
  console.log(
    `${report.rounds} rounds of ${report.secondsPerRound} s, ${report.pinned ? 'pinned' : 'not pinned'}\n`,
  );
  console.log('             a second (median)   lowest … highest');
  for (const [name, key] of [
    ['direct', 'directPerSecond'],
    ['proxied', 'proxiedPerSecond'],
  ]) {
    console.log(`  ${name.padEnd(9)} ${String(report[key]).padStart(18)}   ${range(report.all[name])}`);
  }
  console.log(`\n  proxied / direct        ${report.ratio}`);
  console.log(
    `  proxy CPU a request     ${report.cpuMicrosecondsPerRequest} µs  (${report.perCoreBusy}/s on a busy core)`,
  );
  console.log(`  proxy memory            ${report.proxyMegabytes} MB`);
}
