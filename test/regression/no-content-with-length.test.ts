// Seen: a sandbox's 304 with `Content-Length` (which RFC 9110 §8.6 allows and tornado sends) cut the reader's kept-alive
// connection, so that the next request on it failed: 20 of 20. Why: undici counts the bytes of a body that such a response
// never has, and reported the missing ones as a response broken off. Holds now: 204, 205 and 304 end with their head, in
// both directions, pipelined or not.
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { exchangeRaw, ID, startBed, startTcp, until } from '../node-agent/proxy/bed.ts';

const LINE = `/user/${ID}/ HTTP/1.1\r\nHost: h\r\n`;
const LAST = `POST ${LINE}Connection: close\r\nContent-Length: 1\r\n\r\nx`;

/** Answers GET and HEAD with these bytes, and POST with 200. */
function startSandbox(bytes: string): ReturnType<typeof startTcp> {
  return startTcp((socket) =>
    socket.on('data', (chunk) => {
      const isPost = chunk.toString('latin1').startsWith('POST');
      socket.write(isPost ? 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nPOST' : bytes);
    }),
  );
}

describe.each([
  ['304 with a length', 304, 'Content-Length: 100\r\n\r\n'],
  ['304 in chunks', 304, 'Transfer-Encoding: chunked\r\n\r\n'],
  ['304 with a type and nothing else', 304, 'Content-Type: text/html\r\n\r\n'],
  ['204 with a length', 204, 'Content-Length: 100\r\n\r\n'],
  ['204 in chunks', 204, 'Transfer-Encoding: chunked\r\n\r\n'],
  ['205 with a body', 205, 'Content-Length: 5\r\n\r\nhello'],
  ['205 without a length', 205, '\r\n'],
])('%s', (_, status, rest) => {
  it.each(['GET', 'HEAD'])('after %s the connection takes the next request', async (method) => {
    const { port, proxy } = await startBed((await startSandbox(`HTTP/1.1 ${status} S\r\n${rest}`)).port);
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let over = false;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      over = true;
    });
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.write(`${method} ${LINE}\r\n`);
    await until(() => text.endsWith('\r\n\r\n') || over, 'the head is there');
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    socket.write(LAST);
    await until(() => over, 'the connection is closed');
    expect(text).toMatch(/HTTP\/1.1 200 OK[\s\S]*POST$/);
    expect(text).not.toContain('hello');
    expect(proxy.counters.errors.truncated).toBe(0);
  });

  it('is followed by the response to a pipelined request', async () => {
    const { port } = await startBed((await startSandbox(`HTTP/1.1 ${status} S\r\n${rest}`)).port);
    const { text } = await exchangeRaw(port, `GET ${LINE}\r\nGET ${LINE}\r\n${LAST}`);
    expect(text.match(new RegExp(`HTTP/1.1 ${status} S\r\n`, 'g'))).toHaveLength(2);
    expect(text).toMatch(/HTTP\/1.1 200 OK[\s\S]*POST$/);
  });
});

it('refuses an upgrade with 304 and a length', async () => {
  const { port } = await startBed((await startSandbox('HTTP/1.1 304 S\r\nContent-Length: 9\r\n\r\n')).port);
  const { text, end } = await exchangeRaw(
    port,
    `GET ${LINE}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1.1 304 S/);
  expect(end).toBe('fin');
});
