// Seen: a sandbox whose server closes connections after 2 idle seconds (uvicorn and gunicorn do) got 28 of 350 GETs
// answered with 404 "gone" while it was alive, and 86 of 350 POSTs with 404 or 502; a server that closes after each
// response, 14 of 2,000 GETs. Why: a kept-alive connection that closed just before a request was written to it failed that
// request with undici's "destroyed" error, which was taken for a removed sandbox and not retried. Holds now: 404 is
// answered only where the lookup says gone; a request of which nothing was written goes out on a fresh connection; GET and
// HEAD are repeated once; everything else avoids connections that the server may be closing.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { type Answer, ask, ID, startBed, startTcp, until } from '../node-agent/proxy/bed.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const SERVER = fileURLToPath(new URL('../node-agent/proxy/closing-server.mjs', import.meta.url));

/** The port of a server in another process that closes connections idle for `ms`; 0: after each response. */
async function startClosing(idleMs: number): Promise<number> {
  const child = fork(SERVER, [String(idleMs)]);
  onTestFinished(() => void child.kill());
  const [port] = await once(child, 'message');
  return Number(port);
}

/** How many of the requests ended with each status. */
function tally(answers: readonly Pick<Answer, 'status'>[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

it.each([
  ['GET', ''],
  ['HEAD', ''],
  ['DELETE', ''],
  ['POST', 'x'],
])('sends %s on a fresh connection when the kept one closed before it was written', async (method, body) => {
  const { port } = await startBed(await startClosing(100));
  const reader = connect(port, '127.0.0.1');
  let text = '';
  reader.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  reader.write(`GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\n\r\n`);
  await until(() => text.startsWith('HTTP/1.1 200'), 'the first request is answered');
  text = '';
  reader.write(
    `${method} /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  // The event loop is busy, as under load, until the server has closed: the proxy meets the request, then the closing.
  for (const end = performance.now() + 200; performance.now() < end; );
  await once(reader, 'close');
  expect(text.slice(0, 12)).toBe('HTTP/1.1 200');
});

it('answers every GET and HEAD of a sandbox that closes after each response', {
  timeout: 60_000,
}, async () => {
  const { port } = await startBed(await startClosing(0));
  const answers: Answer[] = [];
  const client = async (method: string): Promise<void> => {
    for (let turn = 0; turn < 60; turn += 1) answers.push(await ask(port, `/user/${ID}/`, { method }));
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => client(index % 2 === 0 ? 'GET' : 'HEAD')));
  expect(tally(answers)).toEqual({ 200: 480 });
});

it('sends a POST on a fresh connection once a server was seen to close after each response', async () => {
  const { port } = await startBed(await startClosing(0));
  const answers: Answer[] = [];
  for (let turn = 0; turn < 100; turn += 1) {
    answers.push(await ask(port, `/user/${ID}/`, { method: 'POST', body: String(turn) }));
  }
  // The second may meet the closing that follows the first, before anything is known of this server.
  expect(tally(answers.filter((_, index) => index !== 1))).toEqual({ 200: 99 });
  expect(answers.every(({ status, body }) => status === 502 || body === '1')).toBe(true);
});

it('does not repeat a POST that was written, and answers 502', async () => {
  let posts = 0;
  const server = await startTcp((socket) => {
    let requests = 0;
    socket.on('data', (chunk) => {
      requests += 1;
      if (chunk.toString('latin1').startsWith('POST')) posts += 1;
      if (requests === 1) socket.write(OK);
      else socket.destroy();
    });
  });
  const { port } = await startBed(server.port);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(200);
  expect((await ask(port, `/user/${ID}/`, { method: 'POST', body: 'x' })).status).toBe(502);
  expect(posts).toBe(1);
});

it('moves a body whose first byte is late to a fresh connection when the kept one closes', async () => {
  const closers: (() => void)[] = [];
  let closed = 0;
  const server = await startTcp((socket) => {
    closers.push(() => socket.end());
    socket.once('close', () => {
      closed += 1;
    });
    socket.once('end', () => socket.end());
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('GET') || chunk.includes('late')) socket.write(OK);
    });
  });
  const { port, proxy } = await startBed(server.port);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(200);
  const outgoing = request({ port, path: `/user/${ID}/`, method: 'POST' });
  const answered = once(outgoing, 'response');
  outgoing.flushHeaders();
  await until(() => proxy.counters.requests === 2, 'the proxy has the head of the POST');
  closers[0]?.();
  await until(() => closed === 1, 'the kept connection is closed on both sides');
  outgoing.end('late');
  const [incoming] = await answered;
  incoming.resume();
  expect(incoming.statusCode).toBe(200);
});
