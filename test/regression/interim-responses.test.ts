// Seen: a sandbox that sends `100 Continue` unasked got its reader a 502, and `103 Early Hints` never reached a reader. Why:
// undici ends a connection that answers with 100, and other interim responses were dropped on purpose. Holds now: 100 is
// ignored, as RFC 9110 §15.2.1 requires, and others are passed on to readers of HTTP/1.1 (§15.2), at most 16 of them.
import { expect, it } from 'vitest';
import { exchangeRaw, ID, startBed, startCanned, startTcp } from '../node-agent/proxy/bed.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\nConnection: X-A\r\nX-A: 1\r\n\r\n';
const get = (version = '1.1'): string =>
  `GET /user/${ID}/ HTTP/${version}\r\nHost: h\r\nConnection: close\r\n\r\n`;

it.each([
  ['100', CONTINUE, ''],
  ['100 with headers', 'HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n', ''],
  ['100 twice', CONTINUE + CONTINUE, ''],
  ['103', HINTS, 'HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n'],
  ['103, then 100', HINTS + CONTINUE, 'HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n'],
  [
    '102, then 103',
    `HTTP/1.1 102 Processing\r\n\r\n${HINTS}`,
    'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 ',
  ],
])('a response after %s arrives', async (_, interim, passed) => {
  const { port } = await startBed((await startCanned(interim + OK)).port);
  const { text } = await exchangeRaw(port, get());
  expect(text.startsWith(`${passed === '' ? 'HTTP/1.1 200 OK' : passed}`)).toBe(true);
  expect(text).toMatch(/HTTP\/1.1 200 OK[\s\S]*ok$/);
  expect(text).not.toMatch(/100 Continue|X-A/);
});

it('a response after 100 arrives when each byte comes by itself, and the connection is used again', async () => {
  let connections = 0;
  const sandbox = await startTcp((socket) => {
    connections += 1;
    socket.setNoDelay(true);
    socket.on('data', () => {
      const bytes = CONTINUE + HINTS + OK;
      const next = (at: number): void => {
        if (at === bytes.length) return;
        socket.write(bytes.charAt(at), 'latin1');
        setImmediate(next, at + 1);
      };
      next(0);
    });
  });
  const { port } = await startBed(sandbox.port);
  for (let turn = 0; turn < 3; turn += 1) {
    expect((await exchangeRaw(port, get())).text).toMatch(/^HTTP\/1.1 103 [\s\S]*HTTP\/1.1 200 OK[\s\S]*ok$/);
  }
  expect(connections).toBe(1);
});

it('an upload after an unasked 100 arrives', async () => {
  const { port } = await startBed((await startCanned(CONTINUE + OK)).port);
  const head = `POST /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\n`;
  expect((await exchangeRaw(port, `${head}abc`)).text).toMatch(/^HTTP\/1.1 200 OK/);
});

it('a reader of HTTP/1.0 gets no interim response', async () => {
  const { port } = await startBed((await startCanned(HINTS + OK)).port);
  expect((await exchangeRaw(port, get('1.0'))).text).toMatch(/^HTTP\/1.1 200 OK/);
});

it.each([CONTINUE, HINTS])(
  'a sandbox that sends interim responses without end is given up',
  async (interim) => {
    const { port } = await startBed((await startCanned(interim.repeat(40) + OK)).port);
    expect((await exchangeRaw(port, get())).text).toMatch(/HTTP\/1.1 502 /);
  },
);
