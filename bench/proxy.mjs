/**
 * How many small GETs per second one core can proxy through a node, compared with the same requests sent directly to
 * the same upstream.
 *
 *   npm run build && node bench/proxy.mjs [--short] [--json <path>] [--rounds <n>] [--connections <n>]
 *     [--seconds <n>] [--dist [<label>=]<path> …]
 *
 * Upstream, proxy and load are processes of their own; with `taskset` the proxies have core 0 to themselves and the two
 * others share what is left. Upstream and load speak just enough HTTP over plain sockets (a canned answer, a count
 * of bytes), so that they are not what is measured. Targets take turns; figures are medians. "CPU" is what the proxy's
 * process used for a request, user and system: it is the steadier figure where a machine is shared. Several `--dist`
 * compare builds in one run: `--dist before=/elsewhere/dist --dist after=dist`.
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
      seconds: { type: 'string' },
      connections: { type: 'string', default: '32' },
      dist: {
        type: 'string',
        multiple: true,
        default: [fileURLToPath(new URL('../dist', import.meta.url))],
      },
    },
  });
  const rounds = Number(values.rounds ?? (values.short ? 3 : 9));
  const seconds = Number(values.seconds ?? (values.short ? 1 : 3));
  const connections = Number(values.connections);
  const cores = availableParallelism();
  const pinned = cores > 1 && spawnSync('taskset', ['--version']).status === 0;
  const others = cores === 2 ? '1' : `1-${cores - 1}`;

  const upstreamProcess = await start('upstream', [], others, pinned);
  const upstreamPort = upstreamProcess.hello.port;
  const targets = [{ name: 'direct', port: upstreamPort, child: undefined }];
  for (const text of values.dist) {
    const mark = text.indexOf('=');
    const name = mark < 0 ? 'proxied' : text.slice(0, mark);
    const proxyProcess = await start('proxy', [String(upstreamPort), text.slice(mark + 1)], '0', pinned);
    targets.push({ name, port: proxyProcess.hello.port, child: proxyProcess.child });
  }
  const loadProcess = await start('load', [], others, pinned);
  const run = (port, ms) => call(loadProcess.child, { port, connections, ms });
  for (const { port } of targets) await run(port, seconds * 500);

  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const index of targets.keys()) {
      const { name, port, child } = targets[(index + round) % targets.length];
      const before = child && (await call(child, 'cpu'));
      const { answers, seconds: took } = await run(port, seconds * 1_000);
      const after = child && (await call(child, 'cpu'));
      const cpu = child && (after.cpu - before.cpu) / answers;
      samples.push({ name, round, perSecond: answers / took, cpu, rss: after?.rss });
    }
  }
  for (const { child } of [upstreamProcess, ...targets, loadProcess]) child?.kill();

  const report = {
    what: 'small GETs through the proxy',
    node: process.version,
    machine: `${cores} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    ...{ pinned, connections, rounds, seconds },
    targets: Object.fromEntries(targets.map(({ name }) => [name, summarize(name, targets[1].name, samples)])),
  };
  print(report);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

/** Ratios are medians of each round's own. @param first the build that the others' CPU time is divided by */
function summarize(name, first, samples) {
  const of = (wanted) => samples.filter((sample) => sample.name === wanted);
  const own = of(name);
  const ratio = (other, field) =>
    round2(median(own.map((sample, round) => sample[field] / of(other)[round][field])));
  const rates = own.map(({ perSecond }) => perSecond);
  const isProxy = own[0].cpu !== undefined;
  return {
    perSecond: Math.round(median(rates)),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    ...(isProxy && {
      byDirect: ratio('direct', 'perSecond'),
      cpuMicroseconds: round2(median(own.map(({ cpu }) => cpu))),
      leastCpuMicroseconds: round2(Math.min(...own.map(({ cpu }) => cpu))),
      cpuByFirst: ratio(first, 'cpu'),
      megabytes: Math.round(Math.max(...own.map(({ rss }) => rss)) / 1_048_576),
    }),
  };
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

function print({ what, node, machine, connections, rounds, seconds, pinned, targets }) {
  console.log(`${what}: node ${node}, ${machine}, ${connections} connections`);
  console.log(`${rounds} rounds of ${seconds} s, ${pinned ? 'pinned' : 'not pinned'}`);
  console.table(targets);
}
