// WebSockets through the proxy: raw bytes both ways, ended together, refused like any request, and never leaked.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Bed, closedPort, exchangeRaw, found, ID, startBed, startHttp, startTcp, until } from './bed.ts';

const HANDSHAKE =
  `GET /user/${ID}/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const AGREED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** A sandbox that echoes messages; `peers` are its ends of the open connections. */
async function startEcho(options: { perMessageDeflate?: boolean } = {}) {
  const http = await startHttp((_request, response) => response.end('plain'));
  const server = new WebSocketServer({ server: http, ...options });
  const peers: WebSocket[] = [];
  server.on('connection', (peer) => {
    peers.push(peer);
    peer.on('message', (data, binary) => peer.send(data, { binary }));
    peer.on('error', () => undefined);
  });
  onTestFinished(() => {
    for (const peer of peers) peer.terminate();
    server.close();
  });
  return { port: http.port, server, peers };
}

async function open({ port }: Bed, path = `/user/${ID}/ws`, protocols: string[] = []): Promise<WebSocket> {
  const reader = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols);
  onTestFinished(() => reader.terminate());
  await once(reader, 'open');
  return reader;
}

/** A raw connection after a successful handshake. */
async function openRaw({ port }: Bed, more = ''): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write(`${HANDSHAKE}\r\n${more}`, 'latin1');
  const [head] = await once(socket, 'data');
  expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
  return socket;
}

it('carries messages both ways, large ones and compressed ones too', async () => {
  const echo = await startEcho({ perMessageDeflate: true });
  const bed = await startBed(echo.port);
  const reader = await open(bed);
  for (const message of ['hello', 'x'.repeat(3_000_000)]) {
    reader.send(message);
    const [answer] = await once(reader, 'message');
    expect(String(answer) === message).toBe(true);
  }
  expect(bed.proxy.counters).toMatchObject({ upgrades: 1, openSockets: 1 });
  expect(bed.proxy.counters.bytesToReader).toBeGreaterThan(0);
});

it('connects at the address of the sandbox without its last slash, where a client would follow no redirect', async () => {
  const echo = await startEcho();
  const seen: (string | undefined)[] = [];
  echo.server.on('connection', (_, request) => seen.push(request.url));
  const reader = await open(await startBed(echo.port), `/user/${ID}?x=1`);
  reader.send('hello');
  expect(String((await once(reader, 'message'))[0])).toBe('hello');
  expect(seen).toEqual([`/user/${ID}/?x=1`]);
});

it('passes the subprotocol and the sandbox’s other headers on', async () => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () =>
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: a=1; Path=/\r\n' +
          'Sec-WebSocket-Protocol: v1.kernel.websocket.jupyter.org\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n',
      ),
    ),
  );
  const { port } = await startBed(sandbox.port);
  const socket = connect(port, '127.0.0.1');
  socket.write(`${HANDSHAKE}\r\n`);
  const head = String((await once(socket, 'data'))[0]);
  socket.destroy();
  expect(head).toContain('Sec-WebSocket-Protocol: v1.kernel.websocket.jupyter.org\r\n');
  expect(head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
  expect(head).toContain(`Set-Cookie: a=1; Path=/user/${ID}/\r\n`);
  expect(head.match(/^(connection|upgrade):/gim)).toHaveLength(2);
});

it('shows the sandbox the host and origin of the reader, and its own token', async () => {
  let head = '';
  const sandbox = await startTcp((socket) =>
    socket.once('data', (chunk) => {
      head = String(chunk);
      socket.write(AGREED);
    }),
  );
  const bed = await startBed(sandbox.port);
  bed.sandboxes.set(ID, found(sandbox.port, 'sesame'));
  await openRaw(bed);
  expect(head).toContain('host: h\r\n');
  expect(head).toContain('authorization: token sesame\r\n');
  expect(head).toContain('upgrade: websocket\r\n');
});

it('loses nothing that either side sends together with the handshake', async () => {
  let got = '';
  const sandbox = await startTcp((socket) => {
    socket.once('data', () => {
      socket.write(`${AGREED}early from the sandbox`);
      socket.on('data', (chunk) => {
        got += chunk;
      });
    });
  });
  const { port } = await startBed(sandbox.port);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(`${HANDSHAKE}\r\nearly from the reader`);
  await until(() => got === 'early from the reader', 'the sandbox has what the reader sent early');
  await until(() => text.endsWith('early from the sandbox'), 'the reader has what the sandbox sent early');
  socket.destroy();
});

it('counts data frames of either side as use, but no pings, pongs or closes', async () => {
  const echo = await startEcho();
  const bed = await startBed(echo.port);
  const reader = await open(bed);
  const peer = echo.peers[0];
  bed.used.length = 0;
  reader.ping('x');
  await once(reader, 'pong');
  peer?.ping();
  if (peer !== undefined) await once(peer, 'pong');
  expect(bed.used).toEqual([]);
  peer?.send('from the kernel');
  await once(reader, 'message');
  expect(bed.used).toEqual([ID]);
  reader.send('to the kernel');
  await once(reader, 'message');
  expect(bed.used.length).toBeGreaterThan(1);
  bed.used.length = 0;
  reader.close(1000);
  await once(reader, 'close');
  expect(bed.used).toEqual([]);
});

it('counts nothing on the socket of Jupyter’s events as use, which a page left open has', async () => {
  const echo = await startEcho();
  const bed = await startBed(echo.port);
  const reader = await open(bed, `/user/${ID}/api/events/subscribe?token=x`);
  bed.used.length = 0;
  echo.peers[0]?.send('{"action": "get", "path": "intro.ipynb"}');
  await once(reader, 'message');
  expect(bed.used).toEqual([]);
  const kernel = await open(bed, `/user/${ID}/api/kernels/1/channels?next=/api/events/subscribe`);
  echo.peers[1]?.send('from the kernel');
  await once(kernel, 'message');
  expect(bed.used).not.toEqual([]);
});

it('makes the sandbox wait for a reader who does not read', async () => {
  let sent = 0;
  const block = Buffer.alloc(64 * 1024);
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => {
      socket.write(AGREED);
      const more = (): void => {
        while (sent < 64 * 1024 * 1024) {
          sent += block.length;
          if (!socket.write(block)) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    }),
  );
  const bed = await startBed(sandbox.port);
  const reader = await openRaw(bed);
  reader.pause();
  let last = -1;
  let still = 0;
  await until(() => {
    still = sent === last ? still + 1 : 0;
    last = sent;
    return still > 30;
  }, 'the sandbox sends no more');
  expect(sent).toBeLessThan(32 * 1024 * 1024);
});

it('closes the sandbox’s end when the reader’s closes', async () => {
  const echo = await startEcho();
  const bed = await startBed(echo.port);
  const reader = await open(bed);
  reader.terminate();
  await until(() => echo.peers[0]?.readyState === WebSocket.CLOSED, 'the sandbox’s end is closed');
  await until(() => bed.proxy.counters.openSockets === 0, 'it is counted as closed');
});

it('closes the reader’s end when the sandbox’s closes', async () => {
  const echo = await startEcho();
  const bed = await startBed(echo.port);
  const reader = await open(bed);
  echo.peers[0]?.terminate();
  const [code] = await once(reader, 'close');
  expect(code).toBe(1006);
  await until(() => bed.proxy.counters.openSockets === 0, 'it is counted as closed');
});

it('delivers everything that was sent before a side closed', async () => {
  const size = 5_000_000;
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => {
      socket.write(AGREED);
      socket.end(Buffer.alloc(size, 'z'));
    }),
  );
  const bed = await startBed(sandbox.port);
  const reader = await openRaw(bed);
  let got = 0;
  reader.pause();
  await until(() => bed.proxy.counters.bytesToReader > 0, 'something is on its way');
  reader.on('data', (chunk) => {
    got += chunk.length;
  });
  reader.resume();
  await once(reader, 'end');
  // The first part may have come together with the handshake's answer.
  expect(got).toBeGreaterThan(size - 65_536 * 2);
  reader.end();
  await until(() => bed.proxy.counters.openSockets === 0, 'it is counted as closed');
});

it('lets a side that has ended still receive the rest from the other', async () => {
  const sandbox = await startTcp((socket) => {
    socket.once('data', () => {
      socket.write(AGREED);
      socket.once('end', () => socket.end('last words'));
      socket.resume();
    });
  });
  const bed = await startBed(sandbox.port);
  const reader = await openRaw(bed);
  let text = '';
  reader.on('data', (chunk) => {
    text += chunk;
  });
  reader.end();
  await once(reader, 'end');
  expect(text).toBe('last words');
});

it('relays the answer of a sandbox that refuses', async () => {
  const sandbox = await startHttp(() => undefined);
  sandbox.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 11\r\nX-Why: origin\r\n\r\nnot for you'),
  );
  const { port, used } = await startBed(sandbox.port);
  const { text, end } = await exchangeRaw(port, `${HANDSHAKE}\r\n`);
  expect(text).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
  expect(text).toContain('X-Why: origin');
  expect(text.endsWith('not for you')).toBe(true);
  expect(end).toBe('fin');
  // The first request ends the lease, even if it fails.
  expect(used).toEqual([ID]);
});

it('relays the whole of a long refusal', async () => {
  const size = 8_000_000;
  const sandbox = await startHttp(() => undefined);
  sandbox.on('upgrade', (_request, socket) =>
    socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${size}\r\n\r\n${'n'.repeat(size)}`),
  );
  const { port } = await startBed(sandbox.port);
  const { text } = await exchangeRaw(port, `${HANDSHAKE}\r\n`);
  expect(text.length - text.indexOf('\r\n\r\n') - 4).toBe(size);
});

it.each([
  ['dead', 503],
  ['gone', 404],
] as const)('answers a WebSocket to a %s sandbox with %i and closes', async (state, status) => {
  const { port, sandboxes } = await startBed(await closedPort());
  sandboxes.set(ID, state);
  const { text, end } = await exchangeRaw(port, `${HANDSHAKE}\r\n`);
  expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*Connection: close`, 'i'));
  expect(end).toBe('fin');
});

it('answers 503 and requests a check when nothing listens', async () => {
  const { port, failed } = await startBed(await closedPort());
  expect((await exchangeRaw(port, `${HANDSHAKE}\r\n`)).text).toMatch(/^HTTP\/1.1 503 /);
  expect(failed).toEqual([ID]);
});

it.each([
  ['with another method', HANDSHAKE.replace('GET', 'POST')],
  ['with a body', `${HANDSHAKE}Content-Length: 5\r\n`],
  ['with chunks', `${HANDSHAKE}Transfer-Encoding: chunked\r\n`],
  ['out of the sandbox', HANDSHAKE.replace('/ws', '/../other/ws')],
])('refuses an upgrade %s', async (_, handshake) => {
  let asked = false;
  const sandbox = await startTcp(() => {
    asked = true;
  });
  const { port } = await startBed(sandbox.port);
  expect((await exchangeRaw(port, `${handshake}\r\nhello`)).text).toMatch(/^HTTP\/1.1 400 /);
  expect(asked).toBe(false);
});

it('answers in HTTP/1.1 when a client offers HTTP/2', async () => {
  const sandbox = await startHttp((request, response) => response.end(`upgrade: ${request.headers.upgrade}`));
  const { port } = await startBed(sandbox.port);
  const { text } = await exchangeRaw(
    port,
    `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1.1 200 OK/);
  expect(text).toContain('upgrade: undefined');
});

it('never writes between the parts of an answer that an upgrade was pipelined behind', async () => {
  const sandbox = await startHttp((_request, response) => {
    response.write('part one,');
    setTimeout(() => response.end('part two'), 100);
  });
  const { port } = await startBed(sandbox.port);
  const { text } = await exchangeRaw(port, `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\n\r\n${HANDSHAKE}\r\n`);
  expect(text).not.toContain('101');
  expect(text.match(/HTTP\/1.1/g)?.length ?? 0).toBeLessThan(2);
});

it('cuts the WebSockets of a forgotten sandbox, and no others', async () => {
  const [one, two] = [await startEcho(), await startEcho()];
  const bed = await startBed(one.port);
  bed.sandboxes.set('second', found(two.port));
  const cut = await open(bed);
  const kept = await open(bed, '/user/second/ws');
  bed.proxy.forget(ID);
  await once(cut, 'close');
  kept.send('still here');
  expect(String((await once(kept, 'message'))[0])).toBe('still here');
});

it('holds no socket after 500 failed upgrades', async () => {
  const sandbox = await startHttp(() => undefined);
  sandbox.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'),
  );
  const bed = await startBed(sandbox.port);
  bed.sandboxes.set('closed', found(await closedPort()));
  bed.sandboxes.set('ghost', 'dead');
  const sockets = (): number => readdirSync('/proc/self/fd').length;
  const before = sockets();
  const paths = [
    `/user/${ID}/ws`,
    '/user/closed/ws',
    '/user/ghost/ws',
    '/user/nobody/ws',
    `/user/${ID}/../ws`,
  ];
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        exchangeRaw(bed.port, `${HANDSHAKE.replace(`/user/${ID}/ws`, paths[index % 5] ?? '')}\r\n`),
      ),
    );
  }
  await until(() => sockets() <= before + 2, 'the sockets are closed');
  expect(bed.proxy.counters.openSockets).toBe(0);
});
