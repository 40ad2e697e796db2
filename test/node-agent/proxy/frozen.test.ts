// A frozen sandbox behind the proxy: what wakes it, what is answered in its place, and that nothing is lost or mixed up.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as breathe } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ID, startBed, startHttp, startTcp, until } from './bed.ts';

const HANDSHAKE =
  `GET /user/${ID}/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const AGREED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
/** Masked with zeros, `hi` inside. */
const PING = Buffer.from([0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
const PONG_OF_READER = Buffer.from([0x8a, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
const PONG = Buffer.from([0x8a, 2, 0x68, 0x69]);

/** Whether the sandbox is frozen is what the test says; a sandbox that does not read is made by it, too. */
function freezing() {
  const state = { isFrozen: false, woken: 0 };
  const frozen = {
    has: () => state.isFrozen,
    wake: () => {
      state.woken += 1;
    },
  };
  return { state, frozen };
}

/** A reader and the sandbox's end of one WebSocket, as raw bytes. */
async function openRaw() {
  const { state, frozen } = freezing();
  const got = { sandbox: Buffer.alloc(0), reader: Buffer.alloc(0) };
  let end: Socket | undefined;
  const sandbox = await startTcp((socket) => {
    end = socket;
    socket.once('data', () => {
      socket.write(AGREED);
      socket.on('data', (chunk: Buffer) => {
        got.sandbox = Buffer.concat([got.sandbox, chunk]);
      });
    });
  });
  const bed = await startBed(sandbox.port, { frozen });
  const reader = connect({ port: bed.port, host: '127.0.0.1' });
  onTestFinished(() => {
    reader.destroy();
  });
  reader.on('error', () => undefined);
  reader.write(HANDSHAKE, 'latin1');
  await once(reader, 'data');
  reader.on('data', (chunk: Buffer) => {
    got.reader = Buffer.concat([got.reader, chunk]);
  });
  state.woken = 0;
  return { bed, state, got, reader, sandbox: () => end ?? expect.fail('no connection') };
}

test('a request wakes the sandbox, and is on its way meanwhile', async () => {
  const { state, frozen } = freezing();
  const sandbox = await startHttp((_request, response) => response.end('there'));
  const bed = await startBed(sandbox.port, { frozen });
  state.isFrozen = true;
  const answer = await fetch(`${bed.url}/user/${ID}/page`);
  expect(await answer.text()).toBe('there');
  expect(state.woken).toBe(1);
});

test('whether a request is under way is known until its answer has ended', async () => {
  let finish = (): void => undefined;
  const sandbox = await startHttp((_request, response) => {
    response.write('begun');
    finish = () => response.end();
  });
  const bed = await startBed(sandbox.port);
  expect(bed.proxy.isBusy(ID)).toBe(false);
  const answer = await fetch(`${bed.url}/user/${ID}/page`);
  expect(bed.proxy.isBusy(ID)).toBe(true);
  finish();
  await answer.text();
  await until(() => !bed.proxy.isBusy(ID), 'it is over');
});

test('an open WebSocket is no request under way', async () => {
  const { bed } = await openRaw();
  await until(() => !bed.proxy.isBusy(ID), 'it is over');
});

test('a ping is answered in place of a frozen sandbox, which neither wakes nor gets it', async () => {
  const { bed, state, got, reader } = await openRaw();
  state.isFrozen = true;
  const before = bed.used.length;
  reader.write(Buffer.concat([PING, PING]));
  await until(() => got.reader.length >= 2 * PONG.length, 'the reader gets it');
  expect(got.reader.equals(Buffer.concat([PONG, PONG]))).toBe(true);
  expect([state.woken, got.sandbox.length, bed.used.length]).toEqual([0, 0, before]);
});

test('a client that pings sees its answers, and its message once the sandbox goes on', async () => {
  const { state, frozen } = freezing();
  const http = await startHttp((_request, response) => response.end());
  const server = new WebSocketServer({ server: http, perMessageDeflate: true });
  server.on('connection', (peer) => peer.on('message', (data) => peer.send(`${data} is heard`)));
  onTestFinished(() => server.close());
  const bed = await startBed(http.port, { frozen });
  const reader = new WebSocket(`ws://127.0.0.1:${bed.port}/user/${ID}/ws`);
  onTestFinished(() => reader.terminate());
  await once(reader, 'open');
  state.isFrozen = true;
  state.woken = 0;
  reader.ping('still there?');
  expect(String((await once(reader, 'pong'))[0])).toBe('still there?');
  expect(state.woken).toBe(0);
  reader.send('hello');
  expect(String((await once(reader, 'message'))[0])).toBe('hello is heard');
  expect(state.woken).toBe(1);
  expect(bed.used).toContain(ID);
});

test('a pong of the reader reaches the sandbox, which may wait for it, and wakes nothing', async () => {
  const { state, got, reader } = await openRaw();
  state.isFrozen = true;
  reader.write(PONG_OF_READER);
  await until(() => got.sandbox.length > 0, 'the sandbox gets it');
  expect(got.sandbox.equals(PONG_OF_READER)).toBe(true);
  expect([state.woken, got.reader.length]).toEqual([0, 0]);
});

test.each([
  ['a message', Buffer.from([0x81, 0x80, 0, 0, 0, 0])],
  ['a close', Buffer.from([0x88, 0x80, 0, 0, 0, 0])],
  ['the beginning of a ping', PING.subarray(0, 3)],
  ['a ping with a message behind it', Buffer.concat([PING, Buffer.from([0x81, 0x80, 0, 0, 0, 0])])],
])('%s wakes the sandbox, and reaches it as it was sent', async (_, bytes) => {
  const { state, got, reader } = await openRaw();
  state.isFrozen = true;
  reader.write(bytes);
  await until(() => got.sandbox.length === bytes.length, 'the sandbox gets it');
  expect(got.sandbox.equals(bytes)).toBe(true);
  expect([state.woken > 0, got.reader.length]).toEqual([true, 0]);
});

test('no answer is put into a frame of the sandbox that is not whole yet', async () => {
  const { state, got, reader, sandbox } = await openRaw();
  // A text frame of four bytes, of which two have come.
  sandbox().write(Buffer.from([0x81, 4, 0x61, 0x62]));
  await until(() => got.reader.length === 4, 'the reader gets it');
  state.isFrozen = true;
  reader.write(PING);
  await until(() => got.sandbox.length === PING.length, 'the sandbox gets it');
  expect(state.woken).toBe(1);
  sandbox().write(Buffer.from([0x63, 0x64]));
  await until(() => got.reader.length === 6, 'the reader gets it');
  expect(got.reader.subarray(2).toString()).toBe('abcd');
});

test('a reader who pings and does not read gets no more answers than fit', async () => {
  const { bed, state, got, reader } = await openRaw();
  state.isFrozen = true;
  reader.pause();
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
  const pings = Buffer.concat(Array.from({ length: 400 }, () => ping));
  const { counters } = bed.proxy;
  let rounds = 0;
  for (let quiet = 0; quiet < 20 && rounds < 2_000; rounds += 1) {
    const [answered, taken] = [counters.bytesToReader, counters.bytesToSandbox];
    reader.write(pings);
    while (counters.bytesToSandbox < taken + pings.length) await breathe();
    quiet = counters.bytesToReader === answered ? quiet + 1 : 0;
  }
  expect(counters.bytesToReader).toBeGreaterThan(0);
  expect(rounds).toBeLessThan(2_000);
  expect([state.woken, got.sandbox.length]).toEqual([0, 0]);
});
