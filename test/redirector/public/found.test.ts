// The ready-made 302 is byte for byte what node:http would write, on whichever Node this runs.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFound } from '../../../redirector/public/found.ts';

const CORS = { 'access-control-allow-origin': 'https://journal.example.org', vary: 'Origin' };
const LONG = `http://127.0.0.1:8000/notebooks/intro.ipynb?x=${'y'.repeat(400)}`;

const plain = createFound({});
const withCors = createFound(CORS);
/** Whether the last answer was ready-made. */
let readyMade = false;

/** `/own/…` is answered by us, everything else by node:http; what follows is the address, encoded. */
function handle(request: IncomingMessage, response: ServerResponse): void {
  const [, who, cors, address = ''] = (request.url ?? '').split('/');
  const location = decodeURIComponent(address);
  if (cors === 'cors') for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
  const { writeHead } = response;
  readyMade = true;
  response.writeHead = ((...args: Parameters<typeof writeHead>) => {
    readyMade = false;
    return Reflect.apply(writeHead, response, args);
  }) as typeof writeHead;
  if (who === 'own') {
    try {
      const [, node = '', rest = ''] = /^(http:\/\/[^/]*)(.*)$/s.exec(location) ?? [];
      (cors === 'cors' ? withCors : plain)(response, node, rest);
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
    return;
  }
  response.writeHead(302, ['location', location, 'cache-control', 'no-store', 'content-length', '0']);
  response.end();
}

let server: Server;
beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 65_000 }, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void server.close());

/** All that comes back until the server, or the last of so many answers, ends it. */
function exchange(request: string, answers = 1): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.split('\r\n\r\n').length > answers) socket.end();
    });
    socket.once('close', () => resolve(text.replaceAll(/^Date: [A-Z][a-z]{2}, \d.*GMT\r$/gm, 'Date: …\r')));
    socket.once('error', reject);
    socket.write(request);
  });
}

const CASES = [
  ['a short address', 'plain', 'GET', '1.1', 'http://n/', '', true],
  ['a long one', 'plain', 'GET', '1.1', LONG, '', true],
  ['bytes beyond ASCII', 'plain', 'GET', '1.1', 'http://n/\u00e9\u00ff', '', true],
  ['CORS headers', 'cors', 'GET', '1.1', LONG, '', true],
  ['HEAD', 'plain', 'HEAD', '1.1', LONG, '', true],
  ['a connection to be closed', 'plain', 'GET', '1.1', LONG, 'Connection: close\r\n', true],
  ['HTTP/1.0', 'plain', 'GET', '1.0', LONG, '', true],
  ['HTTP/1.0 that is kept', 'plain', 'GET', '1.0', LONG, 'Connection: keep-alive\r\n', true],
] as const;

describe('the same bytes as node:http', () => {
  test.each(CASES)('for %s', async (_, cors, method, version, location, headers, ready) => {
    const ask = (who: string): Promise<string> =>
      exchange(
        `${method} /${who}/${cors}/${encodeURIComponent(location)} HTTP/${version}\r\nHost: n\r\n${headers}\r\n`,
      );
    const theirs = await ask('node');
    const ours = await ask('own');
    expect(readyMade).toBe(ready);
    expect(ours).toBe(theirs);
    expect(ours).toContain(`location: ${location}\r\n`);
    expect(ours).toContain('Date: …\r\n');
  });

  test('for several requests on one connection, sent at once', async () => {
    const ask = (who: string): Promise<string> =>
      exchange(`GET /${who}/plain/http%3A%2F%2Fn%2F HTTP/1.1\r\nHost: n\r\n\r\n`.repeat(3), 3);
    expect(await ask('own')).toBe(await ask('node'));
  });
});

test('an address that would break out of its header is refused, as node:http refuses it', async () => {
  for (const bad of ['http://n/\r\nset-cookie: a=b', 'http://n/\n', 'http://n/\0', 'http://n/\u0100']) {
    const answer = await exchange(`GET /own/plain/${encodeURIComponent(bad)} HTTP/1.1\r\nHost: n\r\n\r\n`);
    expect(answer).toContain('HTTP/1.1 500');
    expect(answer).toContain('Invalid character in header content');
  }
});
