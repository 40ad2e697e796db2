// Seen: a sandbox's own 426 lost its `Upgrade`; `Via` and `Max-Forwards` were ignored, so that TRACE reached the sandbox; a
// redirect to `http://<container>:8888/…` reached a reader who cannot go there; `X-Forwarded-Proto: https,http` made the port
// 80, and two `X-Forwarded-Host` became "a, b". Holds now: RFC 9110 §15.5.22, §7.6.2, §7.6.3; a redirect to the sandbox's own
// listener becomes a path; of each `X-Forwarded-*` but the chain of addresses the first value counts.
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { ask, exchangeRaw, ID, startBed, startCanned, startHttp } from '../node-agent/proxy/bed.ts';

/** The headers that the sandbox gets for a request with these. */
async function seen(
  headers: Record<string, string | string[]>,
  trustProxy = false,
): Promise<Record<string, string>> {
  const sandbox = await startHttp((incoming, response) => response.end(JSON.stringify(incoming.headers)));
  const { port } = await startBed(sandbox.port, { trustProxy });
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ port, path: `/user/${ID}/`, headers, agent: false }, (incoming) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => resolve(body));
    });
    outgoing.on('error', reject).end();
  });
  return JSON.parse(text);
}

it('a 426 keeps the protocol that it asks for', async () => {
  const sandbox = await startCanned(
    'HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno',
  );
  const { port } = await startBed(sandbox.port);
  const answer = await ask(port, `/user/${ID}/`);
  expect(answer).toMatchObject({ status: 426, body: 'no' });
  expect(answer.headers.upgrade).toBe('websocket');
  expect(answer.headers.connection).toMatch(/^upgrade\b/);
});

it('a request names the gateways that it passed', async () => {
  expect((await seen({})).via).toBe('1.1 tmpfleet');
  expect((await seen({ via: '1.0 fred, 1.1 p.example.net' })).via).toBe(
    '1.0 fred, 1.1 p.example.net, 1.1 tmpfleet',
  );
});

it('TRACE never reaches a sandbox, nor OPTIONS that may go no further', async () => {
  let asked = '';
  const sandbox = await startHttp((incoming, response) => {
    asked += `${incoming.method} ${incoming.headers['max-forwards']};`;
    response.end();
  });
  const { port } = await startBed(sandbox.port);
  const line = (method: string, more: string): string =>
    `${method} /user/${ID}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${more}\r\n`;
  expect((await exchangeRaw(port, line('TRACE', ''))).text).toMatch(/^HTTP\/1.1 405 [\s\S]*allow: GET/);
  expect((await exchangeRaw(port, line('OPTIONS', 'Max-Forwards: 0\r\n'))).text).toMatch(/^HTTP\/1.1 200 /);
  expect(asked).toBe('');
  await exchangeRaw(port, line('OPTIONS', 'Max-Forwards: 2\r\n'));
  expect(asked).toBe('OPTIONS 1;');
});

it('a redirect to the sandbox’s own listener becomes a path', async () => {
  const sandbox = await startHttp((incoming, response) => {
    const to = new URL(incoming.url ?? '', 'http://h').searchParams.get('to') ?? '';
    response.writeHead(302, { location: to.replace('PORT', String(incoming.socket.localPort)) }).end();
  });
  const { port } = await startBed(sandbox.port);
  const location = async (to: string): Promise<string | undefined> =>
    (await ask(port, `/user/${ID}/?to=${encodeURIComponent(to)}`)).headers.location;
  expect(await location(`http://127.0.0.1:PORT/user/${ID}/lab?a=b#c`)).toBe(`/user/${ID}/lab?a=b#c`);
  expect(await location('http://localhost:PORT')).toBe('/');
  expect(await location('http://0.0.0.0:PORT//evil.example/')).toBe('/evil.example/');
  for (const other of ['http://127.0.0.1:1/x', 'https://example.org/x', '/tree', `lab?x=http://h/`]) {
    expect(await location(other)).toBe(other);
  }
});

it('of the values of several proxies, the first one counts', async () => {
  const headers = {
    host: 'h',
    'x-forwarded-proto': 'https,http',
    'x-forwarded-host': ['a.example.org', 'b.example.org'],
    'x-forwarded-for': ['203.0.113.9, 10.0.0.1', '10.0.0.2'],
  };
  expect(await seen(headers, true)).toMatchObject({
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'a.example.org',
    'x-forwarded-port': '443',
    'x-forwarded-for': '203.0.113.9, 10.0.0.1, 10.0.0.2, 127.0.0.1',
  });
});
