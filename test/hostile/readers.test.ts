// Attacks by readers on a node-agent in its own process, which must hold no more afterwards than before.
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { spawnSandbox } from '../support/program.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const UPGRADES = 10_000;
const AT_ONCE = 50;
const MIB = 1024 ** 2;

const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-readers-'));
let agent: Run;
let url = '';
let base = '';
/** The header that shows that the sandbox is ours. */
let own = '';

beforeAll(async () => {
  const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  agent = tmpfleet([
    ...['node-agent', '--engine', 'local', '--command', command, '--capacity', '1', '--ephemeral'],
    ...['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', dataDir],
    ...['--log-format', 'json', '--stall-timeout', '2s'],
  ]);
  [, url = ''] = await agent.printed(/"url":"(http:[^"]+)","control"/, 30_000);
  const spawned = await spawnSandbox(url);
  [base, own] = [spawned.path, `Authorization: token ${spawned.token}\r\n`];
});
afterAll(async () => {
  await agent.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const descriptors = (): number => readdirSync(`/proc/${agent.pid}/fd`).length;
const memory = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))?.[1]) * 1024;
const answers = async (): Promise<number> =>
  (await fetch(`${url}${base}`, { headers: { authorization: own.replace(/^.*?: |\r\n/g, '') } })).status;

function open(): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => socket.destroy());
  return socket;
}

/** All bytes until the other side ends the connection. */
function exchange(request: string): Promise<string> {
  const socket = open();
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.write(request);
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once('close', resolve)));

test('10,000 failed upgrades leave no descriptor behind', { timeout: 240_000 }, async () => {
  const upgrade = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: n\r\n${own}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  // Refused by the sandbox, answered without an upgrade, outside the sandbox, and to a sandbox that never existed.
  const paths = [`${base}refuse-ws`, `${base}echo`, `${base}../other`, '/user/abcdefgh234567/ws'];
  await Promise.all(paths.map((path) => exchange(upgrade(path))));
  const before = descriptors();
  let left = UPGRADES;
  const statuses = new Set<string>();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      statuses.add((await exchange(upgrade(paths[left % paths.length] ?? ''))).slice(0, 12));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const status of statuses) expect(status).toMatch(/^HTTP\/1\.1 [2345]/);
  expect(statuses).not.toContain('HTTP/1.1 101');
  // Kept-alive connections to the sandbox may or may not have been counted.
  await until('all have been let go', () => descriptors() <= before + 4, 60_000);
  expect(await answers()).toBe(200);
});

test('headers that come a byte at a time are cut, and others are served meanwhile', async () => {
  const slow = Array.from({ length: 200 }, () => open());
  for (const socket of slow) socket.resume().write(`GET ${base} HTTP/1.1\r\nHost: n\r\n${own}X-Slow: `);
  const drip = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write('a');
  }, 500);
  try {
    await until('they are connected', () => descriptors() > 200);
    expect(await answers()).toBe(200);
    await Promise.all(slow.map(closed));
  } finally {
    clearInterval(drip);
  }
  expect(await answers()).toBe(200);
});

test('headers and bodies that are too long are refused, and the connection closed', async () => {
  const long = 'x'.repeat(40_000);
  expect(await exchange(`GET ${base} HTTP/1.1\r\nHost: n\r\n${own}X-Long: ${long}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431/,
  );
  expect(await exchange(`GET ${base}${long} HTTP/1.1\r\nHost: n\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
  const body = 'y'.repeat(MIB);
  const order = `POST /api/orders HTTP/1.1\r\nHost: n\r\nContent-Length: ${MIB}\r\nConnection: close\r\n\r\n${body}`;
  expect(await exchange(order)).toMatch(/^HTTP\/1\.1 4(04|13)/);
});

test('a reader who stops in the middle of a body or an answer is cut; a silent WebSocket is not', async () => {
  const before = descriptors();
  const half = `POST ${base}upload HTTP/1.1\r\nHost: n\r\n${own}Content-Length: 1000\r\n\r\nhalf`;
  const uploading = Array.from({ length: 20 }, () => open().resume());
  for (const socket of uploading) socket.write(half);
  const reading = Array.from({ length: 20 }, () => open());
  for (const socket of reading)
    socket.write(`GET ${base}big?bytes=${200 * MIB} HTTP/1.1\r\nHost: n\r\n${own}\r\n`);
  const silent = new WebSocket(
    `${url.replace('http', 'ws')}${base}ws?token=${own.slice('Authorization: token '.length).trim()}`,
  );
  await once(silent, 'open');
  // 20 × 200 MiB are available; the node buffers only what sockets do.
  const growth: number[] = [];
  const at = memory();
  const watch = setInterval(() => growth.push(memory() - at), 100);
  await Promise.all(uploading.map(closed));
  await until('readers who do not read are cut', () => descriptors() <= before + 6, 60_000);
  clearInterval(watch);
  expect(Math.max(...growth)).toBeLessThan(150 * MIB);
  expect(silent.readyState).toBe(WebSocket.OPEN);
  for (const socket of reading) socket.destroy();
  silent.close();
  expect(await answers()).toBe(200);
});
