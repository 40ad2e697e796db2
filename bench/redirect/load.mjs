// The load: wrk where it is installed, else plain sockets with a minimal HTTP client.
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { call } from '../common/calls.mjs';

const PATH = '/notebooks/intro.ipynb?x=1';
const BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.5',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Upgrade-Insecure-Requests': '1',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'cross-site',
};

/** `run({port, connections, seconds, fresh, bare})` → `{answers, took}`; `fresh`: each request on its own connection. */
export async function openLoad({ places, wanted }) {
  const hasWrk = spawnSync('wrk', ['--version']).error === undefined;
  if (wanted === 'wrk' && !hasWrk) throw new Error('wrk is not installed (apt-get install wrk)');
  if (hasWrk && wanted !== 'sockets') return { name: 'wrk', run: (what) => runWrk(places, what) };
  const script = fileURLToPath(new URL('./sockets.mjs', import.meta.url));
  const { child } = await places.program('other', [script]);
  return {
    name: 'sockets',
    run: (what) => call(child, { ...what, request: requestText(what) }),
  };
}

async function runWrk(places, { port, connections, seconds, fresh, bare }) {
  const headers = Object.entries(headersFor({ fresh, bare }));
  const [file, ...args] = places.onCore('other', 'wrk', [
    ...['-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`],
    ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    `http://127.0.0.1:${port}${PATH}`,
  ]);
  const { stdout } = await promisify(execFile)(file, args);
  const [, answers, took, unit] = /(\d+) requests in ([\d.]+)(m?s)/.exec(stdout) ?? [];
  if (answers === undefined || /Non-2xx/.test(stdout)) throw new Error(`wrk says:\n${stdout}`);
  return { answers: Number(answers), took: Number(took) / (unit === 'ms' ? 1_000 : 1) };
}

function headersFor({ fresh, bare }) {
  return { ...(bare ? {} : BROWSER), ...(fresh ? { Connection: 'close' } : {}) };
}

export function requestText({ fresh = false, bare = false }) {
  const lines = Object.entries(headersFor({ fresh, bare })).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${PATH} HTTP/1.1\r\nHost: try.example.org\r\n${lines.join('')}\r\n`;
}
