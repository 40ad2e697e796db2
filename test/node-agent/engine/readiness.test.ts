// Whether a sandbox is ready: what it is asked for, and what of its answers counts.
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { awaitAnswer, BASE_PATH, findFault, type ProbePlace } from '../../../node-agent/engine/readiness.ts';

const paths: string[] = [];
let answers: Readonly<Record<string, (response: ServerResponse) => void>> = {};
let server: Server;
beforeEach(async () => {
  paths.splice(0);
  server = createServer((request, response) => {
    const { url = '' } = request;
    paths.push(url);
    const answer = answers[url];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => server.close());

const ok = (response: ServerResponse): void => void response.end('ok');
const to =
  (location: string) =>
  (response: ServerResponse): void =>
    void response.writeHead(302, { location }).end();
function sandbox() {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { id: 'a', token: 't', address: { host: '127.0.0.1', port } };
}
const signal = (): AbortSignal => AbortSignal.timeout(5_000);
const place = (given: Partial<ProbePlace>): ProbePlace => ({ ...BASE_PATH, ...given });

test.each([
  ['the base path', {}, '/user/a/'],
  ['a probe path', { probePath: 'health/live' }, '/user/a/health/live'],
  ['its own root', { stripPrefix: true }, '/'],
  ['a probe path at its own root', { stripPrefix: true, probePath: '/health' }, '/health'],
])('it is asked for %s', async (_, given, path) => {
  answers = { [path]: ok };
  expect(await findFault(sandbox(), place(given), signal())).toBeUndefined();
  expect(paths).toEqual([path]);
});

test('a fault names the probe path', async () => {
  answers = {};
  expect(await findFault(sandbox(), place({ probePath: 'health' }), signal())).toBe(
    'it answers 404 on the path of --probe-path (health)',
  );
});

test('the landing page is opened once before it is ready, where its base path leads to', async () => {
  answers = { '/user/a/': to('/user/a/tree?a=b'), '/user/a/tree?a=b': to('page'), '/user/a/page': ok };
  await awaitAnswer(sandbox(), place({ preloadPage: true }), signal());
  expect(paths).toEqual(['/user/a/', '/user/a/tree?a=b', '/user/a/page']);
});

test('a landing path is opened in place of that, and a base path that is the page is not opened twice', async () => {
  answers = { '/user/a/': ok, '/user/a/lab': ok };
  await awaitAnswer(sandbox(), place({ preloadPage: true, landingPath: 'lab' }), signal());
  expect(paths).toEqual(['/user/a/', '/user/a/lab']);
  paths.splice(0);
  await awaitAnswer(sandbox(), place({ preloadPage: true }), signal());
  expect(paths).toEqual(['/user/a/']);
});

test.each([
  ['that leads elsewhere', { '/user/a/': to('http://127.0.0.1:1/') }, 1],
  ['that leads to itself', { '/user/a/': to('/user/a/') }, 6],
  [
    'that is broken',
    { '/user/a/': to('x'), '/user/a/x': (response: ServerResponse) => response.destroy() },
    2,
  ],
])('a page %s makes nothing fail', async (_, given, requests) => {
  answers = given;
  await awaitAnswer(sandbox(), place({ preloadPage: true }), signal());
  expect(paths).toHaveLength(requests);
});
