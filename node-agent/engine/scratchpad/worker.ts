// The thread that runs a reader's JavaScript: one lasting context, with its console captured.
import { formatWithOptions, inspect, types } from 'node:util';
import { createContext, Script } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { z } from 'zod';

/** ms that a program may run without a pause. */
const TIMEOUT_MS = 5_000;
/** Most lines of console output of one program, and most characters of one line. */
const MAX_LOGS = 1_000;
const MAX_TEXT = 20_000;

const taskSchema = z.object({ code: z.string().optional(), ping: z.boolean().optional() });

let logs = 0;

function post(kind: 'result' | 'error' | 'log', text: string): void {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}\n… (cut short)` : text;
  parentPort?.postMessage({ kind, text: short });
}

function log(...values: readonly unknown[]): void {
  logs += 1;
  if (logs <= MAX_LOGS) post('log', formatWithOptions({ depth: 4 }, ...values));
  if (logs === MAX_LOGS + 1) post('log', '… (further output is not shown)');
}

const consoleForReaders = { log, info: log, warn: log, error: log, debug: log, dir: log, table: log };
const { setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, structuredClone } = globalThis;
const timers = { setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask };
const context = createContext({
  console: consoleForReaders,
  ...timers,
  structuredClone,
  URL,
  URLSearchParams,
  TextEncoder,
  TextDecoder,
  fetch,
});

/** A leading `{` is read as an object literal, as a reader means it; `await` may stand at the top level. */
function compile(code: string): Script {
  const readings = /\bawait\b/.test(code) ? [code, ...asyncReadings(code)] : [code];
  if (code.trimStart().startsWith('{')) readings.unshift(`(${code}\n)`);
  let fault: unknown;
  for (const reading of readings) {
    try {
      return new Script(reading, { filename: 'scratchpad' });
    } catch (error) {
      if (reading === code) fault = error;
    }
  }
  throw fault;
}

/** Runs it as an expression, else as statements whose last value is the result; declared names stay. */
function asyncReadings(code: string): readonly string[] {
  const lasting = code.replace(/^(\s*)(?:const|let|var)\s+(?=[\w$]+\s*=)/gm, '$1').replace(/[;\s]+$/, '');
  const cut = Math.max(lasting.lastIndexOf(';'), lasting.lastIndexOf('\n')) + 1;
  return [
    `(async () => (${lasting}\n))()`,
    `(async () => { ${lasting.slice(0, cut)}\nreturn (${lasting.slice(cut)}\n) })()`,
    `(async () => { ${lasting}\n })()`,
  ];
}

async function evaluate(code: string): Promise<void> {
  logs = 0;
  try {
    const value: unknown = await compile(code).runInContext(context, { timeout: TIMEOUT_MS });
    post('result', inspect(value, { depth: 4, maxArrayLength: 200, maxStringLength: MAX_TEXT }));
  } catch (error) {
    post('error', describe(error));
  }
}

function describe(error: unknown): string {
  // Errors come from the reader's own realm, so `instanceof Error` does not match them.
  return types.isNativeError(error) ? `${error.name}: ${error.message}` : `Uncaught ${inspect(error)}`;
}

// An exception in a reader's timer must not end the thread.
process.on('uncaughtException', (error) => post('error', describe(error)));
process.on('unhandledRejection', (reason) => post('error', describe(reason)));

parentPort?.on('message', (message: unknown) => {
  const { code, ping } = taskSchema.parse(message);
  if (ping === true) parentPort?.postMessage({ pong: true });
  if (code !== undefined) void evaluate(code);
});
