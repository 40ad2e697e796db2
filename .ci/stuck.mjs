// A vitest reporter that ends a test file which no timeout can end: one whose process is stuck in a loop or a system call, or
// whose end vitest does not learn. Prints what the process was doing, then ends it, so that the other files are still run and
// counted. CI_STUCK_FILES names a file that gets the paths of stuck files, a line each.
import { on } from 'node:events';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'undici';

/** Longer than any test or hook may take. */
const STUCK_MS = Number(process.env.CI_STUCK_MS ?? 720_000);
const CHECK_MS = Math.min(15_000, STUCK_MS / 4);
const INSPECT_MS = 5_000;
const INSPECTOR = 'http://127.0.0.1:9229';

export default class Stuck {
  /** By path: when something last happened in it, and what runs. */
  #running = new Map();
  #timer;

  onTestModuleQueued({ moduleId }) {
    this.#running.set(moduleId, { at: performance.now(), what: 'since it was queued' });
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  onTestModuleEnd({ moduleId }) {
    this.#running.delete(moduleId);
  }

  onTestCaseReady(test) {
    this.#tell(test.module.moduleId, `since the start of "${test.fullName}"`);
  }

  onTestCaseResult(test) {
    this.#tell(test.module.moduleId, `since the end of "${test.fullName}"`);
  }

  onHookStart({ entity, name }) {
    this.#tell((entity.module ?? entity).moduleId, `since ${name} of "${entity.fullName ?? ''}"`);
  }

  #tell(path, what) {
    if (this.#running.has(path)) this.#running.set(path, { at: performance.now(), what });
  }

  #check() {
    for (const [path, { at, what }] of this.#running) {
      if (performance.now() - at < STUCK_MS) continue;
      this.#running.delete(path);
      void end(path, what);
    }
  }
}

async function end(path, what) {
  const name = relative(process.cwd(), path);
  console.error(`\nSTUCK: ${name}: nothing was reported for ${STUCK_MS / 1000} s, ${what}`);
  const { CI_STUCK_FILES: list } = process.env;
  if (list !== undefined) appendFileSync(list, `${name}\n`);
  const pid = processes().find(({ parent, line }) => parent === process.pid && line.startsWith(path))?.pid;
  if (pid === undefined) {
    console.error('  it has no process: vitest does not know its end');
    process.exit(1);
  }
  await describe(pid);
  process.kill(pid, 'SIGKILL');
}

/** What the kernel says of it, its children, and its JavaScript stack, for which Node's inspector pauses it. */
async function describe(pid) {
  const read = (file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').trim();
  console.error(`  process ${pid}, ${/^State:\s+(.*)$/m.exec(read('status'))?.[1]}, in ${read('wchan')}`);
  for (const child of processes().filter(({ parent }) => parent === pid))
    console.error(`  its child ${child.pid}: ${child.line.slice(0, 300)}`);
  // https://nodejs.org/api/process.html#signal-events
  process.kill(pid, 'SIGUSR1');
  const late = AbortSignal.timeout(INSPECT_MS);
  try {
    for (const frame of await framesOf(late)) console.error(`  at ${frame}`);
  } catch {
    console.error('  it runs no JavaScript: it waits, or is in a system call');
  }
}

/** @see https://chromedevtools.github.io/devtools-protocol/v8/Debugger/ */
async function framesOf(signal) {
  let target;
  while (target === undefined) {
    signal.throwIfAborted();
    await delay(100);
    target = await fetch(`${INSPECTOR}/json/list`, { signal }).then(
      async (answer) => (await answer.json())[0].webSocketDebuggerUrl,
      () => undefined,
    );
  }
  const socket = new WebSocket(target);
  socket.addEventListener('open', () => {
    for (const [id, method] of ['Debugger.enable', 'Debugger.pause'].entries())
      socket.send(JSON.stringify({ id, method }));
  });
  const urls = new Map();
  for await (const [{ data }] of on(socket, 'message', { signal })) {
    const { method, params } = JSON.parse(data);
    if (method === 'Debugger.scriptParsed') urls.set(params.scriptId, params.url);
    if (method !== 'Debugger.paused') continue;
    return params.callFrames.map(
      ({ functionName, location: { scriptId, lineNumber } }) =>
        `${functionName || '(anonymous)'} ${urls.get(scriptId)}:${lineNumber + 1}`,
    );
  }
}

function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
        const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]);
        return [{ pid: Number(pid), parent, line }];
      } catch {
        return [];
      }
    });
}
