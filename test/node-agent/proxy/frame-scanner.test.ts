// Only frames that carry data count as use, however the stream is cut into chunks.
import { describe, expect, it } from 'vitest';
import { FrameScanner } from '../../../node-agent/proxy/frame-scanner.ts';

const TEXT = 0x1;
const BINARY = 0x2;
const CONTINUATION = 0x0;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

function frame(opcode: number, length: number, { masked = false, final = true } = {}): Buffer {
  const size = length < 126 ? [] : length < 65_536 ? [126] : [127];
  const head: number[] = [(final ? 0x80 : 0) | opcode, (masked ? 0x80 : 0) | (size[0] ?? length)];
  if (size[0] === 126) head.push(length >> 8, length & 255);
  if (size[0] === 127) head.push(0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 255));
  if (masked) head.push(1, 2, 3, 4);
  // Bytes that look like text frames to a scanner that lost count.
  return Buffer.concat([Buffer.from(head), Buffer.alloc(length, 0x81)]);
}

describe('a WebSocket stream', () => {
  it.each([
    ['a text frame', TEXT],
    ['a binary frame', BINARY],
    ['a continuation frame', CONTINUATION],
  ])('is in use when %s passes', (_, opcode) => {
    expect(new FrameScanner().sawData(frame(opcode, 5))).toBe(true);
  });

  it.each([
    ['a ping', PING],
    ['a pong', PONG],
    ['a close', CLOSE],
  ])('is not in use when %s passes', (_, opcode) => {
    expect(new FrameScanner().sawData(frame(opcode, 5))).toBe(false);
  });

  it('is in use when an empty message passes', () => {
    expect(new FrameScanner().sawData(frame(TEXT, 0))).toBe(true);
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
    'is followed past a payload of %i bytes',
    (length) => {
      for (const masked of [false, true]) {
        const scanner = new FrameScanner();
        expect(scanner.sawData(frame(TEXT, length, { masked }))).toBe(true);
        expect(scanner.sawData(frame(PING, 4, { masked }))).toBe(false);
        expect(scanner.sawData(frame(BINARY, 1, { masked }))).toBe(true);
      }
    },
  );

  it('is recognized in the same way when every byte comes alone', () => {
    const scanner = new FrameScanner();
    const feed = (bytes: Buffer): boolean[] => [...bytes].map((byte) => scanner.sawData(Uint8Array.of(byte)));
    expect(feed(frame(PING, 9, { masked: true }))).not.toContain(true);
    expect(feed(frame(TEXT, 300, { masked: true })).filter(Boolean)).toHaveLength(301);
    expect(feed(frame(PONG, 0))).not.toContain(true);
    expect(feed(frame(CONTINUATION, 0)).filter(Boolean)).toHaveLength(1);
  });

  it('is in use while a long message goes on', () => {
    const scanner = new FrameScanner();
    const message = frame(BINARY, 70_000);
    expect(scanner.sawData(message.subarray(0, 30_000))).toBe(true);
    expect(scanner.sawData(message.subarray(30_000, 60_000))).toBe(true);
    expect(scanner.sawData(message.subarray(60_000))).toBe(true);
    expect(scanner.sawData(frame(PING, 3))).toBe(false);
  });

  it('is in use when data follows a ping in the same chunk', () => {
    const chunk = Buffer.concat([frame(PING, 2), frame(TEXT, 2, { final: false }), frame(PONG, 2)]);
    expect(new FrameScanner().sawData(chunk)).toBe(true);
  });

  it('costs no more for a huge length than for a small one', () => {
    const scanner = new FrameScanner();
    const head = Buffer.from([0x82, 127, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    expect(scanner.sawData(head)).toBe(true);
    expect(scanner.sawData(Buffer.alloc(1_000_000, 0x89))).toBe(true);
  });
});

describe('a frame of another may come next', () => {
  it('between two frames, and not within one', () => {
    const scanner = new FrameScanner();
    expect(scanner.isBetweenFrames).toBe(true);
    const [start, rest] = [frame(TEXT, 300).subarray(0, 3), frame(TEXT, 300).subarray(3)];
    scanner.sawData(start);
    expect(scanner.isBetweenFrames).toBe(false);
    scanner.sawData(rest.subarray(0, 100));
    expect(scanner.isBetweenFrames).toBe(false);
    scanner.sawData(rest.subarray(100));
    expect(scanner.isBetweenFrames).toBe(true);
  });
});
