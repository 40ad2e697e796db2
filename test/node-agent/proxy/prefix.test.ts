// A program that does not know its base path, behind --strip-prefix: what it gets, and what becomes of its paths.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readersLocation, withoutPrefix } from '../../../node-agent/proxy/path.ts';
import { type Answer, ask, ID, startBed, startCanned, startHttp } from './bed.ts';

const BASE = `/user/${ID}/`;
const HOST = 'node7.example.org';

it.each([
  ['/user/a/', '/'],
  ['/user/a/x/y?z=/user/a/', '/x/y?z=/user/a/'],
  ['/user/a/?q', '/?q'],
  ['/user/a//evil.example/x', '/evil.example/x'],
])('%s is asked for as %s', (target, path) => expect(withoutPrefix('a', target)).toBe(path));

it.each([
  ['/login?next=/', `${BASE}login?next=/`],
  ['/', BASE],
  ['login', 'login'],
  ['?page=2', '?page=2'],
  [`${BASE}login`, `${BASE}login`],
  [`/user/${ID}`, `/user/${ID}`],
  ['//evil.example/x', '//evil.example/x'],
  ['/\\evil.example/x', '/\\evil.example/x'],
  ['https://elsewhere.example/x', 'https://elsewhere.example/x'],
  [`https://${HOST}/login#a`, `${BASE}login#a`],
  [`http://${HOST.toUpperCase()}`, BASE],
  [`https://${HOST}//evil.example`, `${BASE}evil.example`],
  [`https://user@${HOST}/x`, `https://user@${HOST}/x`],
  ['http://172.17.0.2:8888/login', `${BASE}login`],
  ['http://localhost:8888/', BASE],
  ['http://172.17.0.2:8889/x', 'http://172.17.0.2:8889/x'],
])('its Location %s is %s for the reader', (value, expected) => {
  const address = { host: '172.17.0.2', port: 8888 };
  expect(readersLocation(value, address, { base: BASE, readersHost: HOST })).toBe(expected);
});

it('it gets the path without the prefix, and the prefix by X-Forwarded-Prefix, whatever the reader says', async () => {
  const sandbox = await startHttp((request, response) =>
    response.end(JSON.stringify([request.url, request.headers['x-forwarded-prefix']])),
  );
  const { port } = await startBed(sandbox.port, { stripPrefix: true, trustProxy: true });
  const headers = { 'x-forwarded-prefix': '/made-up' };
  const { body } = await ask(port, `${BASE}a%2Fb?c=d`, { headers });
  expect(JSON.parse(body)).toEqual(['/a%2Fb?c=d', `/user/${ID}`]);
});

it('without --strip-prefix the path is whole, and no prefix is said', async () => {
  const sandbox = await startHttp((request, response) =>
    response.end(JSON.stringify([request.url, request.headers['x-forwarded-prefix']])),
  );
  const { port } = await startBed(sandbox.port);
  expect(JSON.parse((await ask(port, `${BASE}a`)).body)).toEqual([`${BASE}a`, null]);
});

const answerOf = async (lines: string): Promise<Answer> => {
  const sandbox = await startCanned(`HTTP/1.1 302 Found\r\n${lines}Content-Length: 0\r\n\r\n`);
  const { port } = await startBed(sandbox.port, { stripPrefix: true });
  return ask(port, BASE, { headers: { host: HOST } });
};

it('its redirects and the paths of its cookies lead below the sandbox', async () => {
  const cookies = ['a=1; Path=/', 'b=2; Path=/app', `c=3; Path=${BASE}x`, 'd=4', 'e=5; Path=app'];
  const { headers } = await answerOf(
    `Location: https://${HOST}/app/login\r\n${cookies.map((each) => `Set-Cookie: ${each}\r\n`).join('')}`,
  );
  expect(headers.location).toBe(`${BASE}app/login`);
  expect(headers['set-cookie']).toEqual([
    `a=1; Path=${BASE}`,
    `b=2; Path=${BASE}app`,
    `c=3; Path=${BASE}x`,
    `d=4; Path=${BASE}`,
    `e=5; Path=${BASE}`,
  ]);
});

it('its WebSockets are at its own root, too', async () => {
  const sandbox = await startHttp(() => undefined);
  const asked = new Promise((resolve) => {
    sandbox.on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.resume().once('end', () => socket.end());
      resolve(request.url);
    });
  });
  const { port } = await startBed(sandbox.port, { stripPrefix: true });
  const socket = new WebSocket(`ws://127.0.0.1:${port}${BASE}ws?x=1`);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  expect(await asked).toBe('/ws?x=1');
  socket.terminate();
});
