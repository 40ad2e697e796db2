// What keeps a WebSocket open while its sandbox is frozen: whole pings and pongs, and nothing else.
import { expect, test } from 'vitest';
import { readKeepAlive } from '../../../node-agent/proxy/keep-alive-frames.ts';

const PING = 0x89;
const PONG = 0x8a;

/** As a browser sends it. */
function masked(first: number, text: string, mask = [1, 2, 3, 4]): Buffer {
  const payload = [...Buffer.from(text)].map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.from([first, 0x80 | payload.length, ...mask, ...payload]);
}

test('pings are answered with what they hold, without a mask', () => {
  const longest = 'x'.repeat(125);
  const found = readKeepAlive(
    Buffer.concat([masked(PING, 'are you there?'), masked(PING, ''), masked(PING, longest)]),
  );
  const answers = ['are you there?', '', longest].map((text) =>
    Buffer.concat([Buffer.from([PONG, text.length]), Buffer.from(text)]),
  );
  expect(found?.pongs.equals(Buffer.concat(answers))).toBe(true);
  expect(found?.rest).toHaveLength(0);
});

test('pongs are left for the sandbox, which has asked for them', () => {
  const pong = masked(PONG, 'yes');
  const found = readKeepAlive(Buffer.concat([pong, masked(PING, 'a')]));
  expect(found?.rest.equals(pong)).toBe(true);
  expect(found?.pongs).toHaveLength(3);
});

test.each([
  ['a text frame', masked(0x81, 'hello')],
  ['a close', masked(0x88, '')],
  ['a ping and a text frame behind it', Buffer.concat([masked(PING, 'a'), masked(0x82, 'b')])],
  ['the beginning of a ping', masked(PING, 'hello').subarray(0, 8)],
  ['one byte of a ping', masked(PING, 'hello').subarray(0, 1)],
  ['a ping with a bit of an extension', masked(PING | 0x40, 'a')],
  ['a ping in parts', masked(PING & 0x7f, 'a')],
  ['a ping without a mask', Buffer.from([PING, 1, 65])],
  ['a ping that is too long', Buffer.from([PING, 0x80 | 126, 0, 126, 1, 2, 3, 4, ...Buffer.alloc(126)])],
])('%s is not', (_, chunk) => {
  expect(readKeepAlive(chunk)).toBeUndefined();
});
