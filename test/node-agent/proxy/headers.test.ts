// What each side sees of the other: nothing that belongs to one connection, and nothing of other sandboxes.
import { request } from 'node:http';
import { expect, it } from 'vitest';
import { keepCookies } from '../../../node-agent/proxy/cookies.ts';
import type { ProxyOptions } from '../../../node-agent/proxy/proxy.ts';
import { type Answer, ask, exchangeRaw, found, ID, startBed, startCanned, startHttp } from './bed.ts';

/** The headers that the sandbox gets, in order. */
async function seenBySandbox(
  headers: Record<string, string | string[]>,
  options: Partial<ProxyOptions> = {},
  token?: string,
): Promise<Map<string, string[]>> {
  const sandbox = await startHttp((incoming, response) => response.end(JSON.stringify(incoming.rawHeaders)));
  const { port, sandboxes } = await startBed(sandbox.port, options);
  sandboxes.set(ID, found(sandbox.port, token));
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', path: `/user/${ID}/`, headers, agent: false },
      (incoming) => {
        let body = '';
        incoming.on('data', (chunk) => {
          body += chunk;
        });
        incoming.on('end', () => resolve(body));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
  const raw: readonly string[] = JSON.parse(text);
  const seen = new Map<string, string[]>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? '';
    seen.set(name, [...(seen.get(name) ?? []), raw[index + 1] ?? '']);
  }
  return seen;
}

/** The reader's answer when the sandbox sends these header lines. */
async function answerWith(lines: string, options: Partial<ProxyOptions> = {}): Promise<Answer> {
  const sandbox = await startCanned(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`);
  const { port } = await startBed(sandbox.port, options);
  return ask(port, `/user/${ID}/`);
}

it('the sandbox sees the host that the reader asked for', async () => {
  const seen = await seenBySandbox({
    host: 'node7.example.org:8443',
    origin: 'https://node7.example.org:8443',
  });
  expect(seen.get('host')).toEqual(['node7.example.org:8443']);
  expect(seen.get('origin')).toEqual(['https://node7.example.org:8443']);
});

it('the sandbox sees no header that is only for the connection to the node', async () => {
  const seen = await seenBySandbox({
    connection: 'close, X-Private, Host, Content-Length',
    'x-private': 'mine',
    'keep-alive': 'timeout=5',
    te: 'trailers',
    'proxy-authorization': 'Basic eDp5',
    'proxy-connection': 'keep-alive',
    'x-kept': 'yes',
    host: 'h',
  });
  for (const name of [
    'x-private',
    'keep-alive',
    'te',
    'trailer',
    'proxy-authorization',
    'proxy-connection',
  ]) {
    expect(seen.has(name), name).toBe(false);
  }
  expect(seen.get('connection')).toEqual(['keep-alive']);
  expect(seen.get('x-kept')).toEqual(['yes']);
  expect(seen.get('host')).toEqual(['h']);
});

it('the sandbox sees a header that came twice, twice', async () => {
  expect((await seenBySandbox({ 'x-twice': ['one', 'two'] })).get('x-twice')).toEqual(['one', 'two']);
});

it('the sandbox sees the reader’s true address, not forwarding headers that the reader made up', async () => {
  const seen = await seenBySandbox({
    host: 'node7.example.org:8443',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-prefix': '/evil',
    'x-real-ip': '10.0.0.1',
    forwarded: 'for=10.0.0.1',
  });
  expect(seen.get('x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(seen.get('x-forwarded-proto')).toEqual(['http']);
  expect(seen.get('x-forwarded-host')).toEqual(['node7.example.org:8443']);
  expect(seen.get('x-forwarded-port')).toEqual(['8443']);
  for (const name of ['x-forwarded-prefix', 'x-real-ip', 'forwarded'])
    expect(seen.has(name), name).toBe(false);
});

it('the sandbox sees the forwarding headers of a trusted proxy', async () => {
  const seen = await seenBySandbox(
    {
      host: 'node7.example.org',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
    },
    { trustProxy: true },
  );
  expect(seen.get('x-forwarded-for')).toEqual(['203.0.113.9, 127.0.0.1']);
  expect(seen.get('x-forwarded-proto')).toEqual(['https']);
  expect(seen.get('x-forwarded-host')).toEqual(['node7.example.org']);
  expect(seen.get('x-forwarded-port')).toEqual(['443']);
});

it('the sandbox gets its own token, in place of what the reader sent', async () => {
  const seen = await seenBySandbox({ authorization: 'Bearer mine' }, {}, 'sesame');
  expect(seen.get('authorization')).toEqual(['token sesame']);
});

it('the sandbox gets the reader’s authorization when it asks for no token', async () => {
  expect((await seenBySandbox({ authorization: 'Bearer mine' })).get('authorization')).toEqual([
    'Bearer mine',
  ]);
});

it('the sandbox gets only cookies that it has set, each once, unchanged', async () => {
  const cookies = { names: () => new Set(['a', '_xsrf', 'b']), learn: () => true };
  const seen = async (cookie: string) => (await seenBySandbox({ cookie }, { cookies })).get('cookie');
  const cookie = 'a=1;  tmpfleet_key=secret; _xsrf=2|ab="c d"; publisher=x;b==; a=of-the-parent-domain; y';
  expect(await seen(cookie)).toEqual(['a=1; _xsrf=2|ab="c d"; b==']);
  expect(await seen('__Host-tmpfleet_n1_0a=x; aa=1; A=2')).toBeUndefined();
});

it('the sandbox gets header bytes unchanged', async () => {
  const sandbox = await startHttp((incoming, response) => response.end(incoming.headers['x-name'], 'latin1'));
  const { port } = await startBed(sandbox.port);
  const sent = Buffer.from('Ærø €').toString('latin1');
  const { text } = await exchangeRaw(
    port,
    `GET /user/${ID}/ HTTP/1.1\r\nHost: h\r\nX-Name: ${sent}\r\nConnection: close\r\n\r\n`,
  );
  expect(text).toContain(sent);
});

it('the reader sees no header that is only for the connection to the sandbox', async () => {
  const { headers } = await answerWith(
    'Connection: X-Inner, keep-alive\r\nX-Inner: 1\r\nKeep-Alive: timeout=99\r\nTrailer: X\r\nUpgrade: h2c\r\n' +
      'Proxy-Authenticate: Basic\r\nX-Kept: yes\r\n',
  );
  for (const name of ['x-inner', 'trailer', 'upgrade', 'proxy-authenticate']) {
    expect(headers[name], name).toBeUndefined();
  }
  expect(headers['keep-alive']).not.toBe('timeout=99');
  expect(headers['x-kept']).toBe('yes');
});

it('the reader sees none of the headers that would affect the whole origin', async () => {
  const { headers } = await answerWith(
    'Service-Worker-Allowed: /\r\nClear-Site-Data: "*"\r\nStrict-Transport-Security: max-age=9\r\nAlt-Svc: h3=":1"\r\n' +
      'X-Accel-Redirect: /internal/key\r\nX-Sendfile: /etc/shadow\r\nAccept-CH: Sec-CH-UA\r\nReport-To: {}\r\n',
  );
  for (const name of [
    ...['service-worker-allowed', 'clear-site-data', 'strict-transport-security', 'alt-svc'],
    ...['x-accel-redirect', 'x-sendfile', 'accept-ch', 'report-to'],
  ]) {
    expect(headers[name], name).toBeUndefined();
  }
});

it('cookies of a sandbox apply only below its own path', async () => {
  const { headers } = await answerWith(
    'Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/; HttpOnly; Domain=example.org\r\n' +
      `Set-Cookie: c=3; path=/user/${ID}/lab; Secure\r\nSet-Cookie: d=4; Path=/user/${ID}; SameSite=Lax\r\n` +
      'Set-Cookie: =tmpfleet_n1=forged\r\nSet-Cookie: nameless\r\n' +
      `Set-Cookie: e=5; Path=/user/${ID}x/\r\nSet-Cookie: f=6; Path=/user/other/; Path=/\r\n`,
  );
  expect(headers['set-cookie']).toEqual([
    `a=1; Path=/user/${ID}/`,
    `b=2; HttpOnly; Path=/user/${ID}/`,
    `c=3; Secure; Path=/user/${ID}/lab`,
    `d=4; SameSite=Lax; Path=/user/${ID}`,
    `e=5; Path=/user/${ID}/`,
    `f=6; Path=/user/${ID}/`,
  ]);
});

it('a sandbox’s cookie for its whole host has a name that browsers take with a path', async () => {
  const { headers } = await answerWith('Set-Cookie: __Host-id=1; Path=/; Secure\r\n');
  expect(headers['set-cookie']).toEqual([`__Secure-Host-id=1; Secure; Path=/user/${ID}/`]);
  const names = new Set(['__Host-id', '__Secure-Host-own']);
  expect(keepCookies('__Secure-Host-id=1; __Secure-Host-own=2; __Secure-Host-x=3', names)).toBe(
    '__Host-id=1; __Secure-Host-own=2',
  );
});

it('a sandbox cannot set a cookie with one of tmpfleet’s names', async () => {
  const { headers } = await answerWith(
    'Set-Cookie: tmpfleet_n1=forged\r\nSet-Cookie:  tmpfleet_key=forged; Path=/\r\n' +
      'Set-Cookie: __host-Tmpfleet_n1_0a=forged; Path=/\r\n',
  );
  expect(headers['set-cookie']).toBeUndefined();
});

it('tmpfleet’s headers replace the sandbox’s, and its Vary is kept', async () => {
  const { raw, headers } = await answerWith(
    'Access-Control-Allow-Origin: *\r\nVary: Accept-Encoding\r\nX-Other: 1\r\n',
    { responseHeaders: { 'Access-Control-Allow-Origin': 'https://journal.example.org', vary: 'Origin' } },
  );
  expect(raw.filter((name) => name.toLowerCase() === 'access-control-allow-origin')).toHaveLength(1);
  expect(headers['access-control-allow-origin']).toBe('https://journal.example.org');
  expect(headers.vary).toBe('Accept-Encoding, Origin');
});

it('keeps every cookie when headers were set before the proxy', async () => {
  const sandbox = await startCanned(
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nLink: </x>\r\nLink: </y>\r\nContent-Length: 0\r\n\r\n',
  );
  const { proxy } = await startBed(sandbox.port, { responseHeaders: { 'x-cors': 'yes' } });
  const front = await startHttp((incoming, response) => {
    response.setHeader('x-cors', 'yes');
    proxy.handle(incoming, response);
  });
  const { headers } = await ask(front.port, `/user/${ID}/`);
  expect(headers['set-cookie']).toEqual([`a=1; Path=/user/${ID}/`, `b=2; Path=/user/${ID}/`]);
  expect(headers.link).toBe('</x>, </y>');
  expect(headers['x-cors']).toBe('yes');
});

it('the reader gets header bytes as the sandbox sent them', async () => {
  expect((await answerWith('X-Good: \xe2\x82\xac\r\n')).headers['x-good']).toBe('\xe2\x82\xac');
});

it.each(['a\x7fb', 'a\x00b', 'a\x01b'])('a header that could not be sent is no crash: %j', async (value) => {
  const answer = await answerWith(`X-Bad: ${value}\r\n`);
  expect(answer.status).toBe(502);
  expect(answer.headers['x-bad']).toBeUndefined();
});
