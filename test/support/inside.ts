// A sandbox that runs the code posted to it, for tests that look out from inside a sandbox.
import { request } from 'undici';
import type { Address } from '../../node-agent/engine/engine.ts';
import { until } from './until.ts';

/** Runs the JavaScript of a POST, and answers with its result. */
const PROBE = [
  'const [base, port] = process.argv.slice(1);',
  'const AsyncFunction = (async () => {}).constructor;',
  'require("http").createServer(async (q, s) => {',
  '  let code = ""; for await (const part of q) code += part;',
  '  const value = await new AsyncFunction("require", code)(require).catch((e) => e.code || String(e));',
  '  s.end(JSON.stringify(value === undefined ? null : value));',
  '}).listen(Number(port));',
].join(' ');

/** For `--command`, in an image that has node. */
export const PROBE_COMMAND = `node -e '${PROBE}' /{base_path} {port}`;

/** The code's result, or the code of the error that it ended with. */
export async function inside(where: Address | string, code: string): Promise<unknown> {
  const url = typeof where === 'string' ? where : `http://${where.host}:${where.port}/`;
  return until('the sandbox answers', async () => {
    const { body } = await request(url, { method: 'POST', body: code });
    return { value: await body.json() };
  }).then(({ value }) => value);
}

/** Source of a promise of `connected`, or of the error's code. */
export function connecting(host: string, port: number): string {
  return `new Promise((resolve) => {
    const socket = require("net").connect({ host: "${host}", port: ${port}, timeout: 1000 });
    const end = (result) => { socket.destroy(); resolve(result); };
    socket.on("connect", () => end("connected")).on("timeout", () => end("timeout")).on("error", (e) => end(e.code));
  })`;
}

export function connectFrom(where: Address | string, host: string, port: number): Promise<unknown> {
  return inside(where, `return ${connecting(host, port)};`);
}
