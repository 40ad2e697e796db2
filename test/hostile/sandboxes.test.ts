// Servers in sandboxes whose answers try to exhaust their node: each harms its own reader only.
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ID, startBed, startHttp, startTcp } from '../node-agent/proxy/bed.ts';
import { until } from '../support/until.ts';

const HEADERS_TIMEOUT_MS = 1_000;
const MIB = 1024 ** 2;

/** A sandbox that sends one piece after another until the connection is closed. */
function drip(first: string, piece: string, everyMs: number) {
  const open = new Set<Socket>();
  const server = startTcp((socket) => {
    open.add(socket);
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), everyMs);
    socket.resume().once('close', () => {
      clearInterval(timer);
      open.delete(socket);
    });
  });
  return { server, open };
}

test.each([
  ['headers come a byte at a time', 504, 'HTTP/1.1 200 OK\r\nX-Slow: ', 'a', 100],
  ['interim answers never end', 502, '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 20],
])('a sandbox whose %s is given up in time', async (_, status, first, piece, everyMs) => {
  const { server, open } = drip(first, piece, everyMs);
  const bed = await startBed((await server).port, { headersTimeout: HEADERS_TIMEOUT_MS });
  const answer = await fetch(`${bed.url}/user/${ID}/`);
  expect(answer.status).toBe(status);
  await until('the connection is closed', () => open.size === 0);
});

test('a sandbox with headers without end is given up, and costs no memory', async () => {
  const before = process.memoryUsage().rss;
  const sandbox = await startTcp((socket) => {
    socket.resume().write('HTTP/1.1 200 OK\r\n');
    const line = `X-Long: ${'x'.repeat(60_000)}\r\n`;
    const more = (): void => {
      while (!socket.destroyed && socket.write(line));
    };
    socket.on('drain', more);
    more();
  });
  const bed = await startBed(sandbox.port);
  expect((await fetch(`${bed.url}/user/${ID}/`)).status).toBe(502);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
});

test('an answer without end ends with its reader, and slows down for a slow one', async () => {
  let sent = 0;
  let ended = 0;
  const chunk = Buffer.alloc(64 * 1024);
  const sandbox = await startHttp((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on('drain', more);
    response.once('close', () => {
      ended += 1;
    });
    more();
  });
  const bed = await startBed(sandbox.port);
  const leave = new AbortController();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => fetch(`${bed.url}/user/${ID}/`, { signal: leave.signal })),
  );
  // The reader does not read: only sockets and streams hold data on its way.
  let before = -1;
  await until('the count stands still', () => {
    const still = sent === before;
    before = sent;
    return still;
  });
  expect(sent).toBeLessThan(20 * 16 * MIB);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  leave.abort();
  await until('all have ended', () => ended === 20);
});
