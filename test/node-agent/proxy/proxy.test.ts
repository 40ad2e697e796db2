// What a reader gets through the proxy, and what they get when there is no sandbox to ask.
import { expect, it } from 'vitest';
import {
  ask,
  closedPort,
  exchangeRaw,
  found,
  ID,
  startBed,
  startCanned,
  startHttp,
  startTcp,
  until,
} from './bed.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

it('carries a request to its sandbox and the answer back', async () => {
  const sandbox = await startHttp((request, response) => {
    response.writeHead(201, 'Made Up', { 'x-from': 'sandbox' });
    response.end(`${request.method} ${request.url}`);
  });
  const { port, used } = await startBed(sandbox.port);
  const answer = await ask(port, `/user/${ID}/api/contents/a%20b%40c?x=1&y=%`, { method: 'DELETE' });
  expect(answer).toMatchObject({
    status: 201,
    reason: 'Made Up',
    body: `DELETE /user/${ID}/api/contents/a%20b%40c?x=1&y=%`,
  });
  expect(answer.headers['x-from']).toBe('sandbox');
  expect(used).toContain(ID);
});

it('leaves alone what is not below /user/', async () => {
  const { port, proxy } = await startBed(await closedPort());
  expect((await ask(port, '/stats')).status).toBe(418);
  expect(proxy.counters.requests).toBe(0);
});

it('collapses needless slashes before the path in the sandbox', async () => {
  const sandbox = await startHttp((request, response) => response.end(request.url));
  const { port } = await startBed(sandbox.port);
  expect((await ask(port, `//user/${ID}//api`)).body).toBe(`/user/${ID}/api`);
});

it('redirects a reader who left the slash out to the sandbox’s own address', async () => {
  const { port } = await startBed(await closedPort());
  const answer = await ask(port, `//user/${ID}?x=1`);
  expect(answer).toMatchObject({ status: 302, body: '' });
  expect(answer.headers.location).toBe(`/user/${ID}/?x=1`);
});

it('answers 404 for a sandbox that was removed', async () => {
  const { port, refusals } = await startBed(await closedPort());
  expect((await ask(port, '/user/nobody/tree')).status).toBe(404);
  expect(refusals).toEqual([{ status: 404, reason: 'gone', id: 'nobody' }]);
});

it('answers 503 for a sandbox that is known to be dead', async () => {
  const { port, sandboxes, proxy } = await startBed(await closedPort());
  sandboxes.set('ghost', 'dead');
  expect((await ask(port, '/user/ghost/tree')).status).toBe(503);
  expect(proxy.counters.errors.dead).toBe(1);
});

it('answers 400 for an address that would climb out of the sandbox, and asks no sandbox', async () => {
  let asked = 0;
  const sandbox = await startHttp((_request, response) => {
    asked += 1;
    response.end();
  });
  const { port, sandboxes } = await startBed(sandbox.port);
  sandboxes.set('other', found(sandbox.port));
  for (const path of [`/user/${ID}/../other/`, `/user/${ID}/%2e%2e/other/`, `/user/${ID}/..%2fother/`]) {
    expect((await ask(port, path)).status).toBe(400);
  }
  expect(asked).toBe(0);
});

it('answers 503 and requests a check when nothing listens at the sandbox’s address', async () => {
  const { port, failed, used } = await startBed(await closedPort());
  expect(await ask(port, `/user/${ID}/`)).toMatchObject({ status: 503, body: '{"reason":"dead"}' });
  expect(failed).toEqual([ID]);
  expect(used).toEqual([]);
});

it('answers 502 and requests a check when the sandbox breaks off before it answers', async () => {
  const sandbox = await startTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const { port, failed } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`, { method: 'POST' })).status).toBe(502);
  expect(failed).toEqual([ID]);
});

it('answers 502 when the sandbox does not speak HTTP', async () => {
  const sandbox = await startCanned('SSH-2.0-OpenSSH_9.6\r\n\r\n');
  const { port } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(502);
});

it('answers 504 when the sandbox does not answer in time', async () => {
  const sandbox = await startTcp((socket) => socket.resume());
  const { port } = await startBed(sandbox.port, { headersTimeout: 100 });
  expect((await ask(port, `/user/${ID}/`)).status).toBe(504);
});

it('keeps connections to a sandbox and uses them again', async () => {
  let connections = 0;
  const sandbox = await startHttp((_request, response) => response.end('ok'));
  sandbox.on('connection', () => {
    connections += 1;
  });
  const { port } = await startBed(sandbox.port);
  for (let turn = 0; turn < 20; turn += 1) await ask(port, `/user/${ID}/`);
  expect(connections).toBe(1);
});

it('retries once when a kept connection turns out to be closed', async () => {
  let requests = 0;
  const sandbox = await startTcp((socket) => {
    let first = true;
    socket.on('data', () => {
      requests += 1;
      if (first) socket.write(ok);
      else socket.destroy();
      first = false;
    });
  });
  const { port, failed } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(200);
  expect((await ask(port, `/user/${ID}/`)).status).toBe(200);
  expect(requests).toBe(3);
  expect(failed).toEqual([]);
});

it('does not repeat a request that is not safe to repeat', async () => {
  let requests = 0;
  const sandbox = await startTcp((socket) => {
    socket.on('data', () => {
      requests += 1;
      socket.destroy();
    });
  });
  const { port } = await startBed(sandbox.port);
  expect((await ask(port, `/user/${ID}/`, { method: 'POST', body: 'x' })).status).toBe(502);
  expect(requests).toBe(1);
});

it('counts answers below 400 as use, and no others', async () => {
  const sandbox = await startHttp((request, response) => {
    response.statusCode = Number(request.url?.split('/').at(-1));
    response.end();
  });
  const { port, used } = await startBed(sandbox.port);
  // The first request ends the lease, even if it fails.
  await ask(port, `/user/${ID}/404`);
  expect(used).toEqual([ID]);
  used.length = 0;
  for (const status of [400, 403, 404, 429, 500, 503]) await ask(port, `/user/${ID}/${status}`);
  expect(used).toEqual([]);
  for (const status of [200, 204, 302, 304]) {
    used.length = 0;
    await ask(port, `/user/${ID}/${status}`);
    expect(used).toContain(ID);
  }
});

it('follows a sandbox to its new address', async () => {
  const [before, after] = [
    await startHttp((_, r) => r.end('before')),
    await startHttp((_, r) => r.end('after')),
  ];
  const { port, sandboxes } = await startBed(before.port);
  expect((await ask(port, `/user/${ID}/`)).body).toBe('before');
  sandboxes.set(ID, found(after.port));
  expect((await ask(port, `/user/${ID}/`)).body).toBe('after');
});

it('ends a request under way when its sandbox is forgotten', async () => {
  const waiting = { count: 0 };
  const sandbox = await startHttp(() => {
    waiting.count += 1;
  });
  const { port, proxy, sandboxes } = await startBed(sandbox.port);
  const asked = ask(port, `/user/${ID}/`);
  await until(() => waiting.count === 1, 'the sandbox has the request');
  sandboxes.delete(ID);
  proxy.forget(ID);
  expect((await asked).status).toBe(404);
});

it('keeps two sandboxes apart', async () => {
  const [one, two] = [await startHttp((_, r) => r.end('one')), await startHttp((_, r) => r.end('two'))];
  const { port, sandboxes } = await startBed(one.port);
  sandboxes.set('second', found(two.port));
  const bodies = await Promise.all(
    Array.from({ length: 40 }, (_, index) => ask(port, `/user/${index % 2 ? 'second' : ID}/`)),
  );
  expect(bodies.every(({ body }, index) => body === (index % 2 ? 'two' : 'one'))).toBe(true);
});

it('answers pipelined requests in their order, even when the first is the slowest', async () => {
  const sandbox = await startHttp((request, response) => {
    const name = request.url?.at(-1) ?? '';
    setTimeout(() => response.end(`<${name}>`), name === 'a' ? 50 : 0);
  });
  const { port } = await startBed(sandbox.port);
  const line = (name: string, more = ''): string =>
    `GET /user/${ID}/${name} HTTP/1.1\r\nHost: h\r\n${more}\r\n`;
  const { text } = await exchangeRaw(port, line('a') + line('b') + line('c', 'Connection: close\r\n'));
  expect(text.match(/<\w>/g)).toEqual(['<a>', '<b>', '<c>']);
  expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
});

it('has one request of a pipelining reader under way at a time', async () => {
  let open = 0;
  let most = 0;
  const sandbox = await startHttp((_request, response) => {
    open += 1;
    most = Math.max(most, open);
    setTimeout(() => {
      open -= 1;
      response.end('x');
    }, 5);
  });
  const { port } = await startBed(sandbox.port);
  const line = `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\n`;
  await exchangeRaw(port, `${`${line}\r\n`.repeat(9)}${line}Connection: close\r\n\r\n`);
  expect(most).toBe(1);
});

it('waits for an answer longer than a connection may stand still, where --response-timeout says so', async () => {
  const sandbox = await startHttp((_request, response) => void setTimeout(() => response.end('late'), 400));
  const { port } = await startBed(sandbox.port, { headersTimeout: 0, stallTimeoutMs: 100 });
  expect(await ask(port, `/user/${ID}/`)).toMatchObject({ status: 200, body: 'late' });
  const posted = await ask(port, `/user/${ID}/`, { method: 'POST', body: 'x' });
  expect(posted).toMatchObject({ status: 200, body: 'late' });
});

it('cuts an answer that has begun and stands still, however long one may take to begin', async () => {
  const sandbox = await startHttp((_request, response) => void response.write('begun'));
  const { port } = await startBed(sandbox.port, { headersTimeout: 0, stallTimeoutMs: 100 });
  await expect(ask(port, `/user/${ID}/`)).rejects.toThrow();
});

it('closes a connection to a sandbox on which nothing happens', async () => {
  const sandbox = await startHttp((_request, response) => response.end('ok'));
  const closed = new Promise((resolve) =>
    sandbox.once('connection', (socket) => socket.once('close', resolve)),
  );
  const { port } = await startBed(sandbox.port, { keepAliveMs: 100 });
  await ask(port, `/user/${ID}/`);
  await closed;
});
