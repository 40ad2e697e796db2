// Requests that a listener refuses before the program sees them, with an answer that says why.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorSchema } from '../../../shared/api/error.ts';
import { type Serving, serve } from '../../../shared/http/serving.ts';

let server: Serving;
beforeAll(async () => {
  server = await serve({
    ...{ what: 'the test', host: '127.0.0.1', port: 0, flag: '--port' },
    handle: (_request, response) => void response.end('handled'),
  });
});
afterAll(() => server.close(0));

function exchange(lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.once('close', () => resolve(text)).once('error', reject);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  });
}

const CLOSE = 'Connection: close';

describe('the Host header', () => {
  test.each([
    ['a name', 'Host: try.example.org'],
    ['a name and a port', 'Host: localhost:9000'],
    ['IPv4', 'Host: 127.0.0.1:80'],
    ['IPv6', 'Host: [::1]:9000'],
    ['an underscore', 'host: front_1'],
    ['nothing', 'Host:'],
  ])('may hold %s', async (_, host) => {
    expect(await exchange(['GET / HTTP/1.1', host, CLOSE])).toMatch(/^HTTP\/1\.1 200 .*handled/s);
  });

  test('may be missing in HTTP/1.0', async () => {
    expect(await exchange(['GET / HTTP/1.0'])).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a 400 says what was wrong with', () => {
  test.each([
    ['two Host headers', ['GET / HTTP/1.1', 'Host: a', 'host: b'], /2 Host headers/],
    ['the same Host twice', ['GET / HTTP/1.1', 'Host: a', 'Host: a'], /2 Host headers/],
    ['no Host header', ['GET / HTTP/1.1'], /no Host header/],
    ['a Host with a path', ['GET / HTTP/1.1', 'Host: a/b'], /Host header is invalid: "a\/b"/],
    ['a Host with a user', ['GET / HTTP/1.1', 'Host: me@a'], /Host header is invalid/],
    ['a Host with a word for a port', ['GET / HTTP/1.1', 'Host: a:http'], /Host header is invalid/],
    ['two names in one Host', ['GET / HTTP/1.1', 'Host: a b'], /Host header is invalid/],
    ['bytes beyond ASCII in a Host', ['GET / HTTP/1.1', 'Host: \u00e9'], /Host header is invalid/],
    [
      'a transfer coding beside a length',
      ['POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Content-Length: 1'],
      /not valid HTTP: .*(?:Content-Length|Transfer-Encoding)/i,
    ],
    ['a header without a name', ['GET / HTTP/1.1', 'Host: a', ': b'], /not valid HTTP: .*header/i],
    [
      'an upgrade, whatever its method',
      ['POST / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: websocket'],
      /no WebSockets/,
    ],
  ])('%s', async (_, lines, message) => {
    const answer = await exchange(lines);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const body = errorSchema.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))));
    expect(body.code).toBe('bad-request');
    expect(body.message).toMatch(message);
  });
});

test('a connection on which nothing happens is closed after --keep-alive-timeout', async () => {
  const short = await serve({
    ...{ what: 'the test', host: '127.0.0.1', port: 0, flag: '--port', keepAliveTimeoutMs: 1_000 },
    handle: (_request, response) => void response.end('handled'),
  });
  try {
    const socket = connect(short.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 .*Keep-Alive: timeout=1\r\n/s);
    await once(socket, 'close');
  } finally {
    await short.close(0);
  }
});

describe('behind a good request', () => {
  const GOOD = ['GET / HTTP/1.1', 'Host: a', ''];

  test('a malformed one is refused after the first one’s answer', async () => {
    const text = await exchange([...GOOD, 'GARBAGE']);
    expect(text.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200']);
    expect(text).toMatch(/handledHTTP\/1\.1 400 /);
  });

  test('one that says it is the last, further ones take nothing from its answer', async () => {
    const text = await exchange(['GET / HTTP/1.1', 'Host: a', CLOSE, '', ...GOOD]);
    expect(text).toMatch(/^HTTP\/1\.1 200 .*handled$/s);
  });
});

test('who waits to be asked for a body gets a refusal at once', async () => {
  const text = await exchange(['POST / HTTP/1.1', 'Host: a', 'Expect: 100-continue', 'Content-Length: 5']);
  expect(text).toMatch(/^HTTP\/1\.1 200 .*connection: close.*handled$/is);
});
