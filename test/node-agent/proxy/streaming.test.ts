// Bodies both ways: streamed, at the pace of the slower side, and never cut short without an error.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ask, exchangeRaw, ID, startBed, startHttp, startTcp, until } from './bed.ts';

const MANY = 64 * 1024 * 1024;
const BLOCK = Buffer.alloc(64 * 1024, 'x');

it('passes an upload on byte for byte, with a length or without', async () => {
  const sandbox = await startHttp((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { 'content-length': length = '', 'transfer-encoding': encoding = '' } = incoming.headers;
      response.end(`${length}|${encoding}|${Buffer.concat(chunks).toString('latin1')}`, 'latin1');
    });
  });
  const { port, proxy } = await startBed(sandbox.port);
  const body = 'grüße'.repeat(3);
  const size = String(Buffer.byteLength(body));
  const bytes = Buffer.from(body).toString('latin1');
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) {
    const sized = await ask(port, `/user/${ID}/`, { method, body, headers: { 'content-length': size } });
    expect(sized.body).toBe(`${size}||${bytes}`);
    const chunked = await ask(port, `/user/${ID}/`, {
      method,
      body,
      headers: { 'transfer-encoding': 'chunked' },
    });
    expect(chunked.body).toMatch(/^(21\||\|chunked)\|/);
    expect(chunked.body.endsWith(bytes)).toBe(true);
  }
  expect(proxy.counters.bytesToSandbox).toBe(10 * Number(size));
});

it('sends an empty upload on as empty', async () => {
  const sandbox = await startHttp((incoming, response) =>
    response.end(incoming.headers['content-length'] ?? 'none'),
  );
  const { port } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`, { method: 'POST', headers: { 'content-length': '0' } })).body).toBe(
    '0',
  );
});

it('passes headers on at once, before the body comes', async () => {
  const sandbox = await startHttp((_incoming, response) => response.writeHead(200).flushHeaders());
  const { port } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/events` }).end();
  const [incoming] = await once(outgoing, 'response');
  expect(incoming.statusCode).toBe(200);
  outgoing.destroy();
});

it('passes each part of a slow answer on as it comes', async () => {
  let say: (part: string) => void = () => undefined;
  const sandbox = await startHttp((_incoming, response) => {
    say = (part) => response.write(part);
    say('one');
  });
  const { port } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/` }).end();
  const [incoming] = await once(outgoing, 'response');
  expect(String((await once(incoming, 'data'))[0])).toBe('one');
  say('two');
  expect(String((await once(incoming, 'data'))[0])).toBe('two');
  outgoing.destroy();
});

it('makes the sandbox wait for a reader who does not read', async () => {
  let sent = 0;
  const sandbox = await startHttp((_incoming, response) => {
    const more = (): void => {
      while (sent < MANY && !response.destroyed) {
        sent += BLOCK.length;
        if (!response.write(BLOCK)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const { port } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/` }).end();
  const [incoming] = await once(outgoing, 'response');
  incoming.pause();
  await settled(() => sent);
  expect(sent).toBeLessThan(MANY / 2);
  let got = 0;
  incoming.on('data', (chunk: Buffer) => {
    got += chunk.length;
  });
  incoming.resume();
  await once(incoming, 'end');
  expect(got).toBe(MANY);
});

it('makes the reader wait for a sandbox that does not read', async () => {
  const sandbox = await startTcp((socket) => socket.pause());
  const { port, proxy } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/`, method: 'POST' });
  outgoing.on('error', () => undefined);
  let sent = 0;
  const more = (): void => {
    while (sent < MANY) {
      sent += BLOCK.length;
      if (!outgoing.write(BLOCK)) {
        outgoing.once('drain', more);
        return;
      }
    }
  };
  more();
  await settled(() => proxy.counters.bytesToSandbox);
  expect(sent).toBeLessThan(MANY / 2);
  outgoing.destroy();
});

it('aborts the request to the sandbox when the reader leaves', async () => {
  let left = false;
  let asked = false;
  const sandbox = await startHttp((incoming, response) => {
    asked = true;
    response.writeHead(200).flushHeaders();
    incoming.socket.once('close', () => {
      left = true;
    });
  });
  const { port } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/` }).end();
  outgoing.on('error', () => undefined);
  await until(() => asked, 'the sandbox has the request');
  outgoing.destroy();
  await until(() => left, 'the sandbox’s connection is closed');
});

it('aborts the request to the sandbox when the reader leaves in the middle of an upload', async () => {
  let aborted = false;
  let got = 0;
  const sandbox = await startHttp((incoming) => {
    incoming.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    incoming.on('error', () => {
      aborted = true;
    });
  });
  const { port } = await startBed(sandbox.port);
  const socket = connect(port, '127.0.0.1');
  socket.write(`POST /user/${ID}/ HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n12345`);
  await until(() => got === 5, 'the sandbox has the first part');
  socket.destroy();
  await until(() => aborted, 'the sandbox sees the upload break off');
});

it.each([
  ['of known length', 'Content-Length: 100\r\n\r\nonly this'],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n'],
])('breaks off towards the reader when an answer %s does', async (_, answer) => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\n${answer}`);
      setTimeout(() => socket.destroy(), 20);
    }),
  );
  const { port, proxy } = await startBed(sandbox.port);
  await expect(ask(port, `/user/${ID}/`)).rejects.toThrow(/aborted|hang up/);
  expect(proxy.counters.errors.truncated).toBe(1);
});

it('resets a reader of HTTP/1.0, for whom a plain close would look like the end', async () => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n');
      setTimeout(() => socket.destroy(), 20);
    }),
  );
  const { port } = await startBed(sandbox.port);
  expect(await exchangeRaw(port, `GET /user/${ID}/ HTTP/1.0\r\n\r\n`)).toMatchObject({ end: 'reset' });
});

it('resets the reader when a sandbox resets an answer without a length', async () => {
  let reset: () => void = () => undefined;
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonly this');
      reset = () => socket.resetAndDestroy();
    }),
  );
  const { port } = await startBed(sandbox.port);
  const outgoing = request({ port, path: `/user/${ID}/`, agent: false }).end();
  const [incoming] = await once(outgoing, 'response');
  await once(incoming, 'data');
  reset();
  await expect(once(incoming, 'end')).rejects.toThrow('aborted');
});

it('delivers the whole of an answer that is ended by closing', async () => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\n\r\n${'y'.repeat(300_000)}`)),
  );
  const { port } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`)).body).toHaveLength(300_000);
});

it('delivers an answer given before the upload was over, and the connection stays usable', async () => {
  const sandbox = await startTcp((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nstop')),
  );
  const { port } = await startBed(sandbox.port);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.write(`PUT /user/${ID}/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n`);
  socket.write(Buffer.alloc(1_000_000));
  await until(() => text.endsWith('stop'), 'the answer is there');
  socket.write(Buffer.alloc(2_000_000));
  socket.write('GET /elsewhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await once(socket, 'end');
  expect(text).toContain('HTTP/1.1 413 Too Large');
  expect(text).toContain('HTTP/1.1 418');
});

it('answers an upload to a dead sandbox instead of cutting it off', async () => {
  const sandbox = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const { port } = await startBed(sandbox.port);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.write(
    `PUT /user/${ID}/ HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n`,
  );
  socket.write(Buffer.alloc(3_000_000));
  await once(socket, 'close');
  expect(text).toContain('HTTP/1.1 502');
});

/** Waits until `value` has not changed for 300 ms. */
async function settled(value: () => number): Promise<void> {
  let last = -1;
  let still = 0;
  while (still < 30) {
    await delay(10);
    still = value() === last && last > 0 ? still + 1 : 0;
    last = value();
  }
}
