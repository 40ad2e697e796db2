// The first output of a kernel is seen in either form of Jupyter's messages, however frames and chunks cut them; nothing else is.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FrameScanner } from '../../../node-agent/proxy/frame-scanner.ts';
import { isKernelChannel, OutputWatch } from '../../../node-agent/proxy/output-watch.ts';
import { seededRandom } from '../../../shared/clock.ts';
import { ID, startBed, startHttp, until } from './bed.ts';

interface Sent {
  readonly data: string | Buffer;
  /** Sizes of its fragments; the last one has the rest. */
  readonly cuts?: readonly number[];
}

/** As Jupyter Server serializes it. */
function text(type: string, content: object = {}, parent = 'execute_request'): string {
  const header = {
    msg_id: 'a_1_2',
    msg_type: type,
    username: 'u',
    session: 's',
    date: '2026-01-31',
    version: '5.3',
  };
  return JSON.stringify({
    ...{ header, msg_id: 'a_1_2', msg_type: type, parent_header: { ...header, msg_type: parent } },
    ...{ metadata: {}, content, buffers: [], channel: 'iopub' },
  });
}

/** `v1.kernel.websocket.jupyter.org`: https://github.com/jupyter-server/jupyter_server/pull/657 */
function binary(type: string, content: object = {}, buffers: readonly Buffer[] = []): Buffer {
  const header = { msg_id: 'a_1_2', msg_type: type, session: 's' };
  const parent = { ...header, msg_type: 'execute_request' };
  const json = [header, parent, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
  const parts = [Buffer.from('iopub'), ...json, ...buffers];
  const offsets: number[] = [8 * (parts.length + 2)];
  for (const { length } of parts) offsets.push((offsets.at(-1) ?? 0) + length);
  const numbers = [offsets.length, ...offsets].map((number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(number));
    return bytes;
  });
  return Buffer.concat([...numbers, ...parts]);
}

let server: WebSocketServer;
beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
});
afterAll(() => server.close());

/** The bytes that `ws` sends for these messages, with pings between the frames. */
async function bytesOf(messages: readonly Sent[]): Promise<Buffer> {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  const socket = connect(address.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  server.once('connection', (peer) => {
    for (const { data, cuts = [] } of messages) {
      const whole = Buffer.from(data);
      let at = 0;
      for (const [index, size] of [...cuts, whole.length].entries()) {
        const fin = index === cuts.length;
        peer.send(whole.subarray(at, fin ? undefined : at + size), { binary: typeof data !== 'string', fin });
        peer.ping('"msg_type":"stream"');
        at += size;
      }
    }
    peer.close();
    socket.end();
  });
  socket.write(
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'close');
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf('\r\n\r\n') + 4);
}

/** How often an output is seen in a stream that comes in such chunks. */
function seenIn(bytes: Buffer, cut: () => number): number {
  let seen = 0;
  const count = (): void => {
    seen += 1;
  };
  const watch = new OutputWatch({ isAwaited: () => true, seen: count });
  const scanner = new FrameScanner();
  for (let at = 0; at < bytes.length; ) {
    const size = Math.max(1, cut());
    scanner.sawData(bytes.subarray(at, at + size), watch.isOver ? undefined : watch);
    at += size;
  }
  return seen;
}

const LONG = { text: 'x'.repeat(100_000) };
const NOISE = [text('status', { execution_state: 'busy' }), text('execute_input', { code: 'print(1)' })];

describe.each([
  ['a line that was printed', [text('stream', { text: '42' })], 1],
  ['a result', [text('execute_result', {})], 1],
  ['a picture', [text('display_data', LONG)], 1],
  ['an error', [text('error', { ename: 'ZeroDivisionError' })], 1],
  ['the binary form', [binary('stream', { text: '42' })], 1],
  ['the binary form with buffers', [binary('display_data', LONG, [Buffer.alloc(70_000, 1)])], 1],
  ['further ones', [text('stream'), binary('stream'), text('display_data')], 1],
  ['only the noise of a kernel', [binary('status'), text('kernel_info_reply')], 0],
  [
    'a text that speaks of one',
    [text('comm_msg', { data: '"msg_type":"stream"' }), text('status', LONG, 'stream')],
    0,
  ],
  ['no JSON', ['stream', Buffer.from('stream'), ''], 0],
] as const)('%s', (_, messages, expected) => {
  it.each(['whole', 'in fragments'])('%s', async (form) => {
    const random = seededRandom(7);
    const cuts = (): number[] => (form === 'whole' ? [] : [Math.floor(random() * 60), 0, 40]);
    const bytes = await bytesOf([...NOISE, ...messages].map((data) => ({ data, cuts: cuts() })));
    expect(seenIn(bytes, () => bytes.length)).toBe(expected);
    for (const most of [2, 30, 3_000, 100_000])
      expect(seenIn(bytes, () => Math.floor(random() * most))).toBe(expected);
  });
});

test('of a long message only the beginning is read, and it is not waited for', async () => {
  const bytes = await bytesOf([{ data: text('stream', LONG) }]);
  expect(seenIn(bytes.subarray(0, 5_000), () => 1_000)).toBe(1);
});

test('a type that comes late in a message is not looked for', async () => {
  const late = JSON.stringify({ content: LONG, header: { msg_type: 'stream' } });
  expect(seenIn(await bytesOf([{ data: late }]), () => 1_000)).toBe(0);
});

test('any bytes are borne', () => {
  const random = seededRandom(3);
  for (let run = 0; run < 300; run += 1) {
    const bytes = Buffer.from(Array.from({ length: 400 }, () => Math.floor(random() * 256)));
    expect(seenIn(bytes, () => 1 + Math.floor(random() * 50))).toBe(0);
  }
});

test.each([
  [`/user/${ID}/api/kernels/b6f4-1/channels?session_id=a`, true],
  ['/api/kernels/b6f4-1/channels', true],
  [`/user/${ID}/api/events/subscribe`, false],
  [`/user/${ID}/ws?x=/api/kernels/a/channels`, false],
])('%s is a WebSocket of a kernel: %s', (target, expected) => expect(isKernelChannel(target)).toBe(expected));

test.each([
  ['plain', false, 1],
  ['compressed, which is not seen', true, 0],
])('through the proxy, bytes are the same: %s', async (_, perMessageDeflate, expected) => {
  const http = await startHttp((_request, response) => response.end());
  const kernel = new WebSocketServer({
    server: http,
    perMessageDeflate: perMessageDeflate && { threshold: 0 },
  });
  kernel.on('connection', (peer) => peer.on('message', (data) => peer.send(String(data))));
  const state = { isAwaited: true, seen: 0 };
  const outputs = {
    awaitsOutput: () => state.isAwaited,
    sawOutput: () => {
      state.seen += 1;
      state.isAwaited = false;
    },
  };
  const bed = await startBed(http.port, { outputs });
  const open = async (path: string): Promise<(message: string) => Promise<void>> => {
    const reader = new WebSocket(`ws://127.0.0.1:${bed.port}/user/${ID}${path}`);
    onTestFinished(() => {
      reader.terminate();
      kernel.close();
    });
    await once(reader, 'open');
    return async (message) => {
      reader.send(message);
      expect(String((await once(reader, 'message'))[0])).toBe(message);
    };
  };
  const other = await open('/terminals/websocket/1');
  await other(text('stream'));
  const [one, two] = [await open('/api/kernels/a/channels'), await open('/api/kernels/b/channels')];
  await one(text('status'));
  expect(state.seen).toBe(0);
  for (const say of [one, two, one]) await say(text('stream'));
  await until(() => state.seen === expected, 'the output is seen');
});
