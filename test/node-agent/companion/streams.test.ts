// Event streams: what a peer that does not read costs.
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Streams } from '../../../node-agent/companion/streams.ts';
import { startHttp, until } from '../proxy/bed.ts';

const NONE = { deadline: undefined, idleAt: undefined };

test('a stream that is not read is let go, and holds no memory', async () => {
  const streams = new Streams();
  const server = await startHttp((_request, response) => streams.open('a', response, NONE, {}));
  const socket = connect(server.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => streams.count === 1, 'it is open');
  // More than the system keeps for a peer that does not read.
  const state = { filler: 'x'.repeat(1_000_000) };
  let told = 0;
  await until(() => {
    told += 1;
    streams.tell('a', NONE, state);
    return streams.count === 0;
  }, 'it is let go');
  expect(told).toBeLessThan(50);
  expect(streams.told.size).toBe(0);
});

test('an open stream gets beats only now and then', async () => {
  const streams = new Streams();
  const server = await startHttp((_request, response) => streams.open('a', response, NONE, {}));
  const socket = connect(server.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => text.includes('event: state'), 'it is open');
  for (let second = 0; second < 60; second += 1) streams.beat(second * 1_000);
  streams.end('a', { reason: 'idle' });
  await until(() => text.includes('event: ended'), 'it ends');
  expect(text.match(/event: beat/g)).toHaveLength(3);
});
