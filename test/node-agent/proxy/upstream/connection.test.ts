// Connections to sandboxes over real sockets: few writes, memory that is used again without a byte out of place, and connections that
// are used again only where nothing is left on them.
import { once } from 'node:events';
import { get, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { ask, exchangeRaw, ID, startBed, startCanned, startHttp, startTcp, until } from '../bed.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
const LONG = 3 * 1024 * 1024;

it.each([
  ['a folded header', 'X-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok'],
  ['a bare line feed', 'X-A: b\nX-B: c\r\nContent-Length: 2\r\n\r\nok'],
  ['a space before a colon', 'Content-Length : 2\r\n\r\nok'],
  ['two lengths that are the same', 'Content-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['a length and a coding', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['a head without end', `X-A: ${'x'.repeat(70_000)}`],
])('answers 502 for a response with %s', async (_, rest) => {
  const sandbox = await startCanned(`HTTP/1.1 200 OK\r\n${rest}`);
  const { port, proxy } = await startBed(sandbox.port);
  expect((await exchangeRaw(port, GET)).text).toMatch(/^HTTP\/1.1 502 /);
  expect(proxy.counters.errors['upstream-error']).toBe(1);
});

it.each([
  ['a size that is no number', 'x\r\nok\r\n0\r\n\r\n'],
  ['a bare line feed', '2\nok\n0\n\n'],
  ['a chunk longer than its size', '2\r\nokay\r\n0\r\n\r\n'],
])('breaks off a body in chunks with %s', async (_, body) => {
  const sandbox = await startCanned(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
  const { port, proxy } = await startBed(sandbox.port);
  const { text } = await exchangeRaw(port, GET);
  expect(text).toMatch(/^HTTP\/1.1 200 /);
  expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(proxy.counters.errors.truncated).toBe(1);
});

it('sends head and body of a small message as one piece, both ways', async () => {
  const pieces: string[] = [];
  const sandbox = await startTcp((socket) =>
    socket.on('data', (chunk) => {
      pieces.push(chunk.toString('latin1'));
      socket.write(OK);
    }),
  );
  const { port } = await startBed(sandbox.port);
  const reader = connect(port, '127.0.0.1');
  reader.write(`POST /user/${ID}/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello`);
  const [first] = await once(reader, 'data');
  reader.destroy();
  expect(pieces).toHaveLength(1);
  expect(pieces[0]).toMatch(/^POST [\s\S]*\r\n\r\nhello$/);
  expect(String(first)).toMatch(/^HTTP\/1.1 200 OK[\s\S]*\r\n\r\nok$/);
});

/** Bytes that differ from those at every other place, and from those of other bodies. */
function bodyOf(seed: number): Buffer {
  const body = Buffer.allocUnsafe(LONG);
  for (let at = 0; at < LONG; at += 4) body.writeUInt32LE((at + seed) >>> 0, at);
  return body;
}

it.each(['with a length', 'in chunks'])(
  'gives each of several slow readers its own body, byte for byte, %s',
  async (how) => {
    const sandbox = await startHttp((incoming, response) => {
      const body = bodyOf(Number(incoming.url?.split('/').at(-1)));
      if (how === 'with a length') response.setHeader('content-length', body.length);
      // In pieces of every size, so that they end within reads and across them.
      for (let from = 0, size = 1; from < body.length; from += size, size = (size * 3) % 100_003)
        response.write(body.subarray(from, from + size));
      response.end();
    });
    const { port } = await startBed(sandbox.port);
    const read = async (seed: number): Promise<Buffer> => {
      const [incoming] = await once(get({ port, path: `/user/${ID}/${seed}`, agent: false }), 'response');
      const parts: Buffer[] = [];
      for await (const part of incoming) {
        parts.push(part);
        if (parts.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return Buffer.concat(parts);
    };
    const seeds = [1, 2, 3, 5, 6, 7];
    const bodies = await Promise.all(seeds.map(read));
    for (const [index, seed] of seeds.entries()) expect(bodies[index]?.equals(bodyOf(seed))).toBe(true);
  },
);

it('closes an idle connection on which something comes, and does not take it for the next response', async () => {
  const sockets: Socket[] = [];
  let closed = 0;
  const sandbox = await startTcp((socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(OK));
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      closed += 1;
    });
  });
  const { port } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`)).body).toBe('ok');
  sockets[0]?.write(OK.replace(/ok$/, 'no'));
  await until(() => closed === 1, 'the connection is closed');
  expect((await ask(port, `/user/${ID}/`)).body).toBe('ok');
  expect(sockets).toHaveLength(2);
});

it.each([
  ['says close', OK.replace('Content', 'Connection: close\r\nContent'), 2],
  ['keeps connections for a second', OK.replace('Content', 'Keep-Alive: timeout=1\r\nContent'), 2],
  ['keeps connections for a minute', OK.replace('Content', 'Keep-Alive: timeout=60\r\nContent'), 1],
  ['speaks HTTP/1.0', OK.replace('1.1', '1.0'), 2],
  ['sends more than its length', `${OK}!`, 2],
])(
  'of a sandbox that %s, two requests use the right number of connections',
  async (_, answer, connections) => {
    let opened = 0;
    const sandbox = await startTcp((socket) => {
      opened += 1;
      socket.on('data', () => socket.write(answer));
    });
    const { port } = await startBed(sandbox.port);
    for (const _turn of [1, 2]) expect((await ask(port, `/user/${ID}/`)).body).toBe('ok');
    expect(opened).toBe(connections);
  },
);

it('does not use a connection again whose request was answered before it was sent whole', async () => {
  let opened = 0;
  const sandbox = await startTcp((socket) => {
    opened += 1;
    socket.on('data', () => socket.write(OK));
  });
  const { port } = await startBed(sandbox.port);
  const outgoing = request({
    port,
    path: `/user/${ID}/`,
    method: 'POST',
    headers: { 'content-length': '10' },
  });
  outgoing.write('hello');
  const [incoming] = await once(outgoing, 'response');
  incoming.resume();
  await once(incoming, 'end');
  outgoing.end('hello');
  expect((await ask(port, `/user/${ID}/`)).body).toBe('ok');
  expect(opened).toBe(2);
});

it('gives up on a sandbox that begins a head and does not end it', async () => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nX-A:')),
  );
  const { port } = await startBed(sandbox.port, { headersTimeout: 100 });
  expect((await exchangeRaw(port, GET)).text).toMatch(/^HTTP\/1.1 504 /);
});

it('limits the head of a later response on a connection, too', async () => {
  let requests = 0;
  const sandbox = await startTcp((socket) =>
    socket.on('data', () => {
      requests += 1;
      if (requests === 1) socket.write(OK);
    }),
  );
  const { port } = await startBed(sandbox.port, { headersTimeout: 300 });
  expect((await ask(port, `/user/${ID}/`)).status).toBe(200);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(504);
});
