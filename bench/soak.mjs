/**
 * Whether a node-agent leaks: thousands of readers come, use their sandbox over HTTP and a WebSocket, and leave; what
 * the process holds at the end is compared with what it held after the warm-up.
 *
 *   npm run build && node bench/soak.mjs [--cycles <n>] [--engine local|docker] [--docker-host <url>]
 *     [--image <image>] [--command <command>] [--socket <its path below a sandbox>] [--capacity <n>] [--readers <n>] [--short] [--json <path>]
 *
 * A cycle: claim, land in the sandbox, two more requests, a WebSocket that is opened and closed, and the end (DELETE at the
 * control listener, as an operator or a cull would). Memory and descriptors are the agent's; sandboxes are counted
 * by the engine's own means (processes that hold the data directory's name, containers by label) when all have settled; the journal is the file's
 * size, some seconds after the last reader (it is tidied then). Memory is the least of ten samples a second apart, for a collector runs when it likes. Ends with 1 when
 * anything grew by more than a tenth (descriptors and sandboxes: at all beyond a handful).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';

const SCRIPT = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** Longest time for a click. ms */
const PATIENCE_MS = 120_000;
const NODE_ID = `soak-${process.pid}`;

const { values } = parseArgs({
  options: {
    cycles: { type: 'string' },
    engine: { type: 'string', default: 'local' },
    'docker-host': { type: 'string' },
    image: { type: 'string' },
    command: { type: 'string' },
    socket: { type: 'string', default: 'socket' },
    capacity: { type: 'string', default: '8' },
    readers: { type: 'string', default: '4' },
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const cycles = Number(values.cycles ?? (values.short ? 16 : values.engine === 'docker' ? 300 : 5_000));
const capacity = Number(values.capacity);
const warmUp = Math.max(capacity * 2, Math.round(cycles / 10));

const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-soak-'));
const agent = await startAgent();
let stopping = false;
/** Once: a second signal would make the agent leave its sandboxes behind. */
const stop = () => {
  if (!stopping) agent.kill('SIGTERM');
  stopping = true;
};
process.once('SIGINT', stop).once('SIGTERM', stop);
let failures = 0;
try {
  const { url, control } = agent;
  await settled(url);
  await run(warmUp, url, control);
  const before = await measure(url);
  const began = performance.now();
  await run(cycles, url, control);
  const seconds = (performance.now() - began) / 1_000;
  const after = await measure(url);
  const report = {
    what: 'soak',
    node: process.version,
    ...{
      engine: values.engine,
      cycles,
      warmUp,
      capacity,
      seconds: Math.round(seconds),
      failures,
      before,
      after,
    },
  };
  print(report);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = failures === 0 && isAsBefore(before, after) ? 0 : 1;
} finally {
  stop();
  await agent.ended;
  rmSync(dataDir, { recursive: true, force: true });
}

async function startAgent() {
  const args = [
    ...['node-agent', '--engine', values.engine, '--capacity', String(capacity), '--data-dir', dataDir],
    ...['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--node-id', NODE_ID, '--ephemeral'],
    ...['--log-level', 'info', '--log-format', 'json'],
    ...(values['docker-host'] === undefined ? [] : ['--docker-host', values['docker-host']]),
    ...(values.image === undefined ? [] : ['--image', values.image, '--pull', 'never']),
    ...(values.command === undefined ? [] : ['--command', values.command]),
  ];
  const child = spawn(process.execPath, [SCRIPT, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const where = await new Promise((resolve, reject) => {
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        if (text === undefined) return;
        text += chunk;
        const found = /"url":"(http:[^"]+)","control":"(http:[^"]+)"/.exec(text);
        if (found === null) return;
        text = undefined;
        resolve({ url: found[1], control: found[2] });
      });
    child.once('exit', (code) => reject(new Error(`the agent ended with ${code}:\n${text ?? ''}`)));
  });
  return { ...where, pid: child.pid, ended, kill: (signal) => child.kill(signal) };
}

/** Runs the cycles, `--readers` of them at a time. */
async function run(count, url, control) {
  const http = new Agent({ connections: 16 });
  let left = count;
  let done = 0;
  const reader = async () => {
    while (left > 0 && !stopping) {
      left -= 1;
      try {
        await cycle(http, url, control);
      } catch (error) {
        failures += 1;
        console.error(`a cycle failed: ${error.message}`);
      }
      done += 1;
      if (process.stderr.isTTY && done % 50 === 0) process.stderr.write(`\r${done} of ${count} cycles `);
    }
  };
  await Promise.all(Array.from({ length: Number(values.readers) }, reader));
  if (process.stderr.isTTY) process.stderr.write('\r');
  await http.close();
}

async function cycle(http, url, control) {
  const asks = { dispatcher: http, headers: { 'sec-fetch-mode': 'navigate', accept: 'text/html' } };
  const claimed = await click(`${url}/`, asks);
  const id = /\/user\/([^/]+)/.exec(claimed.headers.location ?? '')?.[1];
  if (id === undefined) throw new Error(`a click was answered ${claimed.statusCode}`);
  const cookie = [claimed.headers['set-cookie'] ?? []].flat().map((each) => each.split(';', 1)[0]);
  const own = { dispatcher: http, headers: { ...asks.headers, cookie: cookie.join('; ') } };
  try {
    for (let turn = 0; turn < 3; turn += 1) {
      const page = await request(`${url}/user/${id}/`, own);
      await page.body.dump();
      if (page.statusCode !== 200) throw new Error(`its sandbox answered ${page.statusCode}`);
    }
    await openAndClose(`${url.replace('http', 'ws')}/user/${id}/${values.socket}`, own.headers);
  } finally {
    const ended = await request(`${control}/api/sandboxes/${id}`, { dispatcher: http, method: 'DELETE' });
    await ended.body.dump();
  }
}

/** As a browser without scripts: while all sandboxes are taken, or one starts, a page says where to go on, and after how many seconds. */
async function click(url, asks) {
  const late = performance.now() + PATIENCE_MS;
  let address = url;
  for (;;) {
    const answer = await request(address, asks);
    const page = await answer.body.text();
    const [, seconds, next] = /http-equiv="refresh" content="(\d+); url=([^"]+)"/.exec(page) ?? [];
    if (next === undefined) return answer;
    if (performance.now() > late) throw new Error(`no sandbox within ${PATIENCE_MS / 1000} s`);
    address = new URL(next.replaceAll('&#38;', '&'), address).href;
    await delay(1000 * seconds);
  }
}

function openAndClose(url, headers) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers, handshakeTimeout: 20_000 });
    socket.once('open', () => socket.close());
    socket.once('close', () => resolve());
    socket.once('error', reject);
  });
}

/** Waits until every slot is warm again; what exists then is what stays. */
async function settled(url) {
  for (let attempt = 0; attempt < 1_200; attempt += 1) {
    const { fleet } = await (await fetch(`${url}/stats`)).json();
    if (fleet.warm === capacity && fleet.removing === 0) return;
    await delay(100);
  }
  throw new Error('the pool does not fill');
}

async function measure(url) {
  await settled(url);
  const memory = [];
  for (let turn = 0; turn < (values.short ? 2 : 10); turn += 1) {
    memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))[1]) / 1024);
    await delay(1_000);
  }
  return {
    memory: Math.round(Math.min(...memory)),
    descriptors: readdirSync(`/proc/${agent.pid}/fd`).length,
    sandboxes: await countSandboxes(),
    journal: statSync(join(dataDir, 'journal.jsonl')).size,
  };
}

async function countSandboxes() {
  if (values.engine === 'docker') {
    const docker = new Docker({ socketPath: values['docker-host'].replace('unix://', '') });
    const filters = JSON.stringify({ label: [`tmpfleet.node=${NODE_ID}`] });
    return (await docker.listContainers({ all: true, filters })).length;
  }
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isSandbox(pid)).length;
}

/** A process of the agent, or one that it left behind: the data directory is in its environment. */
function isSandbox(pid) {
  try {
    if (Number(pid) === agent.pid) return false;
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(dataDir) || parentOf(pid) === agent.pid;
  } catch {
    return false;
  }
}

function parentOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

function isAsBefore(before, after) {
  return (
    after.memory <= before.memory * 1.1 &&
    after.descriptors <= before.descriptors * 1.1 + 2 &&
    after.sandboxes === before.sandboxes &&
    after.journal <= before.journal * 1.1
  );
}

function print({ engine, cycles: count, seconds, failures: failed, before, after }) {
  console.log(`${count} cycles on the ${engine} engine in ${seconds} s, ${failed} of them failed\n`);
  console.log(`  ${''.padEnd(22)}${'after warm-up'.padStart(14)}${'at the end'.padStart(14)}`);
  const names = {
    memory: 'memory, MiB',
    descriptors: 'file descriptors',
    sandboxes: 'sandboxes',
    journal: 'journal, bytes',
  };
  for (const [key, name] of Object.entries(names))
    console.log(`  ${name.padEnd(22)}${String(before[key]).padStart(14)}${String(after[key]).padStart(14)}`);
}
