// One slow reader and one sandbox that dies midway is an everyday case. With undici 7 it could end the proxy for all readers of a
// node: undici asserted when a paused response's socket closed (nodejs/undici#5360). An uncaught exception fails these tests.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ask, ID, startBed, startTcp, until } from './bed.ts';

const BLOCK = Buffer.alloc(32 * 1024);
/** Far more than a connection buffers. */
const LENGTH = 1024 * 1024 * 1024;

it.each([
  ['ends', 'Connection: close', 'end'],
  ['is reset', 'Connection: close', 'reset'],
  ['ends short of its length', `Content-Length: ${LENGTH}\r\nConnection: close`, 'end'],
  ['is reset short of its length', `Content-Length: ${LENGTH}\r\nConnection: close`, 'reset'],
  ['is reset short of its length, kept alive', `Content-Length: ${LENGTH}`, 'reset'],
])('survives an answer that %s while its reader does not read', async (_, header, how) => {
  let peer: Socket | undefined;
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`);
      peer = socket;
    }),
  );
  const { port, proxy } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/`, agent: false }).end();
  const [incoming] = await once(outgoing, 'response');
  let got = 0;
  let failed = false;
  incoming.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  incoming.on('error', () => {
    failed = true;
  });
  incoming.pause();
  // One block at a time, so that the proxy pauses with little in its buffer, and thus still sees the end.
  let sent = 0;
  let stuck = false;
  while (!stuck) {
    peer?.write(BLOCK);
    sent += BLOCK.length;
    stuck = !(await within(300, () => proxy.counters.bytesToReader === sent));
  }
  if (how === 'end') peer?.end();
  else peer?.resetAndDestroy();
  await within(100, () => proxy.counters.errors.truncated > 0);
  incoming.resume();
  await until(() => incoming.closed, 'the answer is over for the reader');
  // A body without a length ends where its connection does, and a reset that meets unread bytes looks like an end.
  const hasLength = header.startsWith('Content-Length');
  if (hasLength) expect(failed).toBe(true);
  else if (how === 'end') expect(got).toBe(sent);
  expect(proxy.counters.errors.truncated).toBe(failed ? 1 : 0);
});

it('survives any bytes that a sandbox may answer with', async () => {
  const pieces = [
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.0 304 Not Modified\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    '__proto__: x\r\nconstructor: y\r\n',
    'Keep-Alive: timeout=0\r\n',
    '\r\n',
    'hello',
    '5\r\nhello\r\n',
    '0\r\nX-Trailer: 1\r\n\r\n',
    '\0\x01\xff',
    'HTTP/9.9 999 \r\n',
  ];
  // A fixed sequence, so that a failure repeats.
  let seed = 1;
  const draw = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const sandbox = await startTcp((socket) =>
    socket.on('data', () => {
      for (let count = 1 + draw(7); count > 0; count -= 1)
        socket.write(pieces[draw(pieces.length)] ?? '', 'latin1');
      const reset = draw(2) === 0;
      setImmediate(() => (reset ? socket.resetAndDestroy() : socket.end()));
    }),
  );
  const { port, proxy, sandboxes } = await startBed(sandbox.port, { headersTimeout: 1_000 });
  const heads = [
    `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n`,
    `HEAD /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n`,
    `GET /user/${ID}/ HTTP/1.0\r\n`,
    `POST /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc`,
    `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`,
  ];
  for (let round = 0; round < 60; round += 1) {
    const readers = Array.from({ length: 10 }, () => {
      const reader = connect(port, '127.0.0.1');
      reader.on('error', () => undefined);
      reader.resume();
      reader.write(`${heads[draw(heads.length)]}\r\n`);
      return reader;
    });
    await until(() => readers.every((reader) => reader.closed), 'every reader has an answer or an end');
  }
  proxy.forget(ID);
  sandboxes.delete(ID);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(404);
  await until(() => proxy.counters.openSockets === 0, 'every WebSocket is closed');
});

/** Whether `holds` becomes true within `ms`. */
async function within(ms: number, holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < ms && !holds(); tries += 1) await delay(1);
  return holds();
}
