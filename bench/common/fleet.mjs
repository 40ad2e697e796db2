// A fleet on this machine for benchmarks: a front, and nodes with the embedded engine, each a process of its own that takes free
// ports. What an operator would do with the command line is done with it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { formatNodeKey } from '../../dist/shared/protocol/node-key.js';
import { statOf } from './cpu.mjs';

export const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Longest time for a program to serve, or for a pool to fill. ms */
const PATIENCE_MS = 180_000;
const STOP_MS = 60_000;

/**
 * Runs a command of tmpfleet to its end, where wanted in a session of its own. 5 (a threshold was missed) and 6 (the generator was the
 * limit) are results.
 * @returns `{ stdout, stderr, code }`
 */
export async function tmpfleet(args, { onStart, ownSession = false } = {}) {
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [COMMAND, ...args], { detached: ownSession, stdio });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  onStart?.(child);
  const [code, signal] = await once(child, 'close');
  if (code === 0 || code === 5 || code === 6) return { ...said, code };
  throw new Error(`tmpfleet ${args.join(' ')}: ${said.stderr || `it ended with ${signal ?? code}`}`);
}

export class Fleet {
  #dir;
  #secret = randomBytes(32).toString('hex');
  #children = new Map();
  #isStopped = false;
  front;

  /** @param name for its directory of data and logs */
  constructor(name) {
    this.#dir = mkdtempSync(join(tmpdir(), `tmpfleet-bench-${name}-`));
  }

  /** Of its logs and data. */
  get dir() {
    return this.#dir;
  }

  /** @returns `{ url, controlUrl, pid }` */
  async startFront(args = []) {
    this.front = await this.#start('front', ['redirector', ...args], { TMPFLEET_SECRET: this.#secret });
    return this.front;
  }

  /**
   * Starts a node-agent; it belongs to the fleet once it is added. Before there is a front, it is a node without one. One that has run before takes its old ports and its data.
   * @returns `{ url, controlUrl, pid }`
   */
  startNode(name, args) {
    const own = ['--engine', 'local', '--ephemeral', '--node-id', name];
    if (this.front === undefined) return this.#start(name, ['node-agent', ...own, ...args], {});
    own.push('--front-url', this.front.url);
    const key = formatNodeKey([this.#secret], name);
    return this.#start(name, ['node-agent', ...own, ...args], { TMPFLEET_NODE_KEY: key });
  }

  /** As an operator does it. @param verb `add <url>`, `drain <id>` … */
  async node(...verb) {
    return tmpfleet(['node', ...verb, '--front', this.front.controlUrl]);
  }

  /** Of a node. */
  async stats(url) {
    return (await fetch(`${url}/stats`)).json();
  }

  /** Waits until so many sandboxes of a node, or of the whole fleet, are free. */
  async untilFree(url, count) {
    const late = performance.now() + PATIENCE_MS;
    for (;;) {
      const { available } = await this.stats(url);
      if (available >= count) return;
      if (performance.now() > late) throw new Error(`${available} of ${count} sandboxes are free at ${url}`);
      await delay(100);
    }
  }

  /** Ends a process. @returns when it has ended */
  async end(name, signal = 'SIGTERM') {
    const { child } = this.#children.get(name);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    // A shutdown that hangs must not leave processes behind.
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Seconds of processor time of each process that runs. */
  usage() {
    return Object.fromEntries(
      [...this.#children].flatMap(([name, { child }]) => {
        const seconds = processorTime(child.pid);
        return seconds === undefined ? [] : [[name, seconds]];
      }),
    );
  }

  /** Seconds of processor time of the sandboxes that a node has started and that run. */
  usageOfChildren(name) {
    const parent = String(this.#children.get(name).child.pid);
    return readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid) && statOf(pid)?.[1] === parent)
      .reduce((sum, pid) => sum + scheduledTime(pid), 0);
  }

  /** The front first, so that it sends nobody to nodes that are gone. */
  async stop() {
    this.#isStopped = true;
    if (this.#children.has('front')) await this.end('front');
    await Promise.all([...this.#children.keys()].map((name) => this.end(name)));
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #start(name, args, env) {
    if (this.#isStopped) throw new Error('the fleet is stopped');
    const before = this.#children.get(name)?.addresses;
    const ports =
      before === undefined ? ['0', '0'] : [before.url, before.controlUrl].map((url) => new URL(url).port);
    const place = ['--host', '127.0.0.1', '--port', ports[0], '--control-port', ports[1]];
    mkdirSync(join(this.#dir, name), { recursive: true });
    const path = join(this.#dir, `${name}.log`);
    const log = openSync(path, 'a');
    // What Node was told for this process, such as --cpu-prof, holds for each.
    const command = [...process.execArgv, COMMAND, ...args, ...place, '--data-dir', join(this.#dir, name)];
    const child = spawn(process.execPath, command, {
      env: { ...process.env, ...env, TMPFLEET_LOG_FORMAT: 'json' },
      stdio: ['ignore', log, log, 'ipc'],
      // A Ctrl-C is for the bench, which stops all in order: two signals make an agent leave its sandboxes behind.
      detached: true,
    });
    closeSync(log);
    this.#children.set(name, { child, addresses: before });
    const addresses = await new Promise((resolve, reject) => {
      const fail = (why) =>
        reject(new Error(`${name} does not start (${why}): ${readFileSync(path, 'utf8').slice(-2_000)}`));
      const timer = setTimeout(() => fail('it takes too long'), PATIENCE_MS);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        fail(signal ?? code);
      });
      child.on('message', ({ ready }) => {
        if (ready === undefined) return;
        clearTimeout(timer);
        resolve(ready);
      });
    });
    this.#children.set(name, { child, addresses });
    return { ...addresses, pid: child.pid };
  }
}

/** Of a process and of those of its children that have ended; undefined where it has ended. Seconds */
function processorTime(pid) {
  return statOf(pid)
    ?.slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
}

/** Exact, where a tick is more than a small server uses. Seconds */
function scheduledTime(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ', 1)[0]) / 1e9;
  } catch {
    return 0;
  }
}
