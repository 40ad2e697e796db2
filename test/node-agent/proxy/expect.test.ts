// `Expect: 100-continue` (RFC 9110 §10.1.1): the reader waits, and the word is the sandbox's. It was the node's, said before
// the sandbox had seen the head, so that a reader sent the whole of an upload that was about to be refused.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { closedPort, exchangeRaw, ID, startBed, startHttp, startTcp, until } from './bed.ts';

const head = (lines: string): string =>
  `POST /user/${ID}/x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n${lines}\r\n`;
const HEAD = head('Content-Length: 3\r\n');
const REFUSAL = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig';

/** A sandbox that takes its requests' bodies as Node does, and answers with what it got. */
function echo() {
  return startHttp((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`${request.headers.expect}:${body}`));
  });
}

/** A reader who sends `body` only when the node has said `100 Continue`. Resolves when the connection is closed. */
async function patient(port: number, first: string, body: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(first));
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    if (text === '' && chunk.startsWith('HTTP/1.1 100 ')) socket.write(body);
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

it.each([
  ['a length', 'Content-Length: 3\r\nConnection: close\r\n', 'abc'],
  ['chunks', 'Transfer-Encoding: chunked\r\nConnection: close\r\n', '3\r\nabc\r\n0\r\n\r\n'],
])('the sandbox sees the expectation, and its 100 brings the body, with %s', async (_, lines, body) => {
  const { port } = await startBed((await echo()).port);
  const text = await patient(port, head(lines), body);
  expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
  expect(text).toContain('100-continue:abc');
});

it('a refusal at the head is all that the reader gets, and closes, since a body may still come', async () => {
  const seen: string[] = [];
  const sandbox = await startTcp((socket) => {
    socket.on('data', (chunk) => {
      seen.push(chunk.toString('latin1'));
      socket.write(REFUSAL);
    });
  });
  const { port, proxy } = await startBed(sandbox.port);
  const { text } = await exchangeRaw(port, HEAD);
  expect(text).toMatch(/^HTTP\/1.1 413 /);
  expect(text).toMatch(/connection: close\r\n/i);
  expect(text.endsWith('big')).toBe(true);
  expect(seen).toHaveLength(1);
  expect(proxy.counters.answers).toMatchObject({ 4: 1 });
});

it.each([
  ['gone', '/user/nobody/x', 404],
  ['outside', `/user/${ID}/../other`, 400],
])('what the node refuses by itself it refuses without asking for the body: %s', async (_, path, status) => {
  const { port } = await startBed(await closedPort());
  const { text } = await exchangeRaw(port, HEAD.replace(`/user/${ID}/x`, path));
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

it('a sandbox that does not answer the expectation gets the body after a while', async () => {
  const sandbox = await startTcp((socket) => {
    let seen = '';
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1');
      if (seen.endsWith('abc')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const { port } = await startBed(sandbox.port, { expectTimeoutMs: 20 });
  const text = await patient(port, head('Content-Length: 3\r\nConnection: close\r\n'), 'abc');
  expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
});

it('a refusal after the body was asked for keeps the connection', async () => {
  let socketThere: Socket | undefined;
  const sandbox = await startTcp((socket) => {
    socketThere = socket;
    socket.once('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
  });
  const { port } = await startBed(sandbox.port);
  const socket = connect(port, '127.0.0.1', () => socket.write(HEAD));
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  await until(() => text.includes('100 Continue'), 'the body was asked for');
  socketThere?.once('data', () => socketThere?.write(REFUSAL));
  socket.write('abc');
  await until(() => text.endsWith('big'), 'the refusal came');
  expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 413 /);
  expect(text).not.toMatch(/connection: close/i);
  socket.destroy();
});

it('a sandbox cannot keep its node busy with 100s, nor end the reader’s answer with them', async () => {
  const sandbox = await startTcp((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)));
  });
  const { port } = await startBed(sandbox.port);
  const text = await patient(port, head('Content-Length: 3\r\nConnection: close\r\n'), 'abc');
  expect(text.match(/100 Continue/g)).toHaveLength(1);
  expect(text).toContain('HTTP/1.1 502 ');
});

it.each([
  ['breaks off', (socket: Socket) => socket.resetAndDestroy(), 502],
  ['says nothing', () => undefined, 504],
  [
    'changes protocols',
    (socket: Socket) => socket.write('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    502,
  ],
])('a sandbox that %s is answered for', async (_, act, status) => {
  const sandbox = await startTcp((socket) => socket.once('data', () => void act(socket)));
  const { port } = await startBed(sandbox.port, { headersTimeout: 200 });
  const { text } = await exchangeRaw(port, HEAD);
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

it('a sandbox whose answer breaks off breaks the reader’s off', async () => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe')),
  );
  const { port, proxy } = await startBed(sandbox.port);
  const { text } = await exchangeRaw(port, HEAD);
  expect(text.endsWith('\r\n\r\nhe')).toBe(true);
  expect(proxy.counters.errors.truncated).toBe(1);
});

it('nothing listens: the node answers, and asks for no body', async () => {
  const { port, failed } = await startBed(await closedPort());
  expect((await exchangeRaw(port, HEAD)).text).toMatch(/^HTTP\/1.1 503 /);
  expect(failed).toEqual([ID]);
});

it('the connection to the sandbox ends with the reader, and with the sandbox', async () => {
  let open = 0;
  const sandbox = await startTcp((socket) => {
    open += 1;
    socket
      .resume()
      .once('end', () => socket.destroy())
      .once('close', () => {
        open -= 1;
      });
  });
  const { port, proxy } = await startBed(sandbox.port);
  const [leaver, other] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  for (const socket of [leaver, other]) socket.on('error', () => undefined).write(HEAD);
  await until(() => open === 2, 'the sandbox has both');
  leaver.destroy();
  await until(() => open === 1, 'the first was let go');
  proxy.forget(ID);
  await until(() => open === 0, 'the second was let go');
  other.destroy();
});

it('a body of any method stays framed', async () => {
  const seen: string[] = [];
  const sandbox = await startTcp((socket) => {
    socket.on('data', (chunk) => {
      seen.push(chunk.toString('latin1'));
      if (seen.join('').endsWith('\r\n0\r\n\r\n'))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const { port } = await startBed(sandbox.port, { expectTimeoutMs: 5 });
  const first = head('Transfer-Encoding: chunked\r\nConnection: close\r\n').replace('POST', 'GET');
  await patient(port, first, '3\r\nabc\r\n0\r\n\r\n');
  expect(seen.join('')).toMatch(/transfer-encoding: chunked\r\n.*\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/s);
});
