// Headers taken apart by us are those of node:http, whatever is sent.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Request } from '../../../shared/http/request.ts';

let servers: readonly [theirs: Server, ours: Server];
let last: IncomingMessage | undefined;

beforeAll(async () => {
  const open = (options: object): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer(options, (request, response) => {
        last = request;
        response.end();
      });
      server.listen(0, '127.0.0.1', () => resolve(server));
    });
  servers = [await open({}), await open({ IncomingMessage: Request })];
});
afterAll(() => {
  for (const server of servers) server.close();
});

/** What `headers` holds of a request with these lines, in order, and which way it was answered. */
async function headersAt(server: Server, lines: readonly string[]): Promise<readonly [unknown, string]> {
  last = undefined;
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.once('close', () => resolve(text)).once('error', reject);
    socket.end(`GET / HTTP/1.1\r\n${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1');
  });
  const request = last as IncomingMessage | undefined;
  return [request && Object.entries(request.headers), answer.slice(0, answer.indexOf('\r\n'))];
}

const BROWSER = [
  'Host: try.example.org',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.5',
  'Sec-Fetch-Site: cross-site',
];

const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['a browser', BROWSER],
  ['lower case', BROWSER.map((line) => line.replace(/^[^:]*/, (name) => name.toLowerCase()))],
  ['upper case', BROWSER.map((line) => line.replace(/^[^:]*/, (name) => name.toUpperCase()))],
  ['a name that nobody knows', [...BROWSER, 'X-Mine: 1', 'x-mine: 2', 'X-MINE: 3']],
  ['cookies in two lines', [...BROWSER, 'Cookie: a=1', 'Cookie: b=2']],
  [
    'a list in two lines',
    [...BROWSER, 'Accept: image/png', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-For: 5.6.7.8'],
  ],
  [
    'what may stand once, twice',
    [...BROWSER, 'Referer: a', 'Referer: b', 'Authorization: token a', 'authorization: b'],
  ],
  ['an empty value, twice', ['Host: n', 'Accept:', 'Accept:', 'Priority:']],
  [
    'names of every object',
    ['Host: n', '__proto__: a', 'constructor: b', 'toString: c', 'hasOwnProperty: d'],
  ],
  ['bytes beyond ASCII', ['Host: n', 'Referer: \u00e9\u00ff', 'Cookie: \u00fc=1']],
  ['a prefetch', ['Host: n', 'Sec-Purpose: prefetch;prerender', 'Purpose: prefetch', 'X-Moz: prefetch']],
  ['an expectation', ['Host: n', 'Expect: 100-continue']],
  ['one that nobody meets', ['Host: n', 'Expect: gold']],
  ['no host', ['Accept: a']],
  ['two hosts', ['Host: a', 'Host: b']],
  ['very many', ['Host: n', ...Array.from({ length: 200 }, (_, index) => `X-${index}: ${index}`)]],
  ['very many usual ones', ['Host: n', ...Array.from({ length: 200 }, () => 'Cookie: a=1')]],
];

describe('the same headers as node:http', () => {
  test.each(CASES)('for %s', async (_, lines) => {
    const [theirs, ours] = servers;
    expect(await headersAt(ours, lines)).toEqual(await headersAt(theirs, lines));
  });

  test('for any of them mixed', async () => {
    const [theirs, ours] = servers;
    const lines = CASES.flatMap(([, each]) => (each.length < 20 ? each : [])).filter(
      (line) => !/^(Host|Expect)/i.test(line),
    );
    for (let from = 0; from + 6 < lines.length; from += 3) {
      const some = ['Host: n', ...lines.slice(from, from + 6)];
      expect(await headersAt(ours, some), some.join()).toEqual(await headersAt(theirs, some));
    }
  });
});

test('it is its own way that is looked at: node:http is not asked where all is usual', async () => {
  await headersAt(servers[1], BROWSER);
  const theirs = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Request.prototype), 'headers');
  expect(theirs?.get).toBeTypeOf('function');
  const request = last as IncomingMessage;
  expect(request).toBeInstanceOf(Request);
  // Theirs, asked afterwards, makes an object of its own; ours gives the same one each time.
  expect(request.headers).toBe(request.headers);
  expect(theirs?.get?.call(request)).not.toBe(request.headers);
  expect(theirs?.get?.call(request)).toEqual(request.headers);
});
