// Readers of a fleet under load got 408 Request Timeout for requests that they had sent at once. When the program's own loop stands
// still, timers that are due run before what lies in the sockets is read: a connection that had come just before, and its whole
// request, were refused as silent. Now it is looked at once more after it has been read.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Serving, serve } from '../../shared/http/serving.ts';

const HEAD_MS = 300;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n';
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

let server: Serving;
const sockets: Socket[] = [];
beforeEach(async () => {
  const webSockets = new WebSocketServer({ noServer: true });
  server = await serve({
    ...{ what: 'the test', host: '127.0.0.1', port: 0, flag: '--port', headTimeoutMs: HEAD_MS },
    handle: (_request, response) => void response.end('handled'),
    upgrade: (request, socket, head) =>
      webSockets.handleUpgrade(request, socket, head, (open) =>
        open.on('message', (data) => open.send(data)),
      ),
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.close(0);
});

/** A connection that the server has accepted. */
async function open(): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  const socket = connect(server.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'connect');
  await expect.poll(() => server.connections()).toBe(sockets.length);
  return { socket, heard: () => text };
}

/** Nothing is read meanwhile, as while other work is done. */
function standStill(): void {
  const until = performance.now() + 2 * HEAD_MS;
  while (performance.now() < until);
}

test('a request that lay unread while the loop stood still is answered', async () => {
  const { socket, heard } = await open();
  socket.write(`${REQUEST}\r\n`);
  standStill();
  await expect.poll(heard).toMatch(/^HTTP\/1\.1 200 .*handled/s);
});

test('so is the second one of a connection, of which a part had been read', async () => {
  const { socket, heard } = await open();
  socket.write(`${REQUEST}\r\nGET / HT`);
  await expect.poll(heard).toMatch(/handled/);
  socket.write('TP/1.1\r\nHost: a\r\n\r\n');
  standStill();
  await expect.poll(heard).toMatch(/handledHTTP\/1\.1 200 .*handled/s);
});

test('a WebSocket that was asked for meanwhile stays open', async () => {
  const { socket, heard } = await open();
  socket.write(`${REQUEST}${UPGRADE}\r\n`);
  standStill();
  await expect.poll(heard).toMatch(/^HTTP\/1\.1 101 /);
  const late = await open();
  // The time of both is over when this one is refused.
  await expect.poll(late.heard, { timeout: 5_000 }).toMatch(/^HTTP\/1\.1 408 /);
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
  await expect.poll(heard).toMatch(/hi$/);
  expect(socket.destroyed).toBe(false);
});

test('a head of which a part lay there is refused when the rest does not come either', async () => {
  const { socket, heard } = await open();
  const sentAt = performance.now();
  socket.write(REQUEST);
  standStill();
  await expect.poll(heard, { timeout: 5_000 }).toMatch(/^HTTP\/1\.1 408 /);
  expect(performance.now() - sentAt).toBeGreaterThan(2 * HEAD_MS);
});

test('a silent connection is refused, as before', async () => {
  const { heard } = await open();
  await expect.poll(heard, { timeout: 5_000 }).toMatch(/^HTTP\/1\.1 408 /);
});
