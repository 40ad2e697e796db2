// Readers of `tmpfleet load`: what counts as a refusal, and which connections they hold.
import { afterEach, expect, test } from 'vitest';
import { ReaderClient } from '../../../cli/load/client/reader-client.ts';
import { loadTest, serveTest, type TestServer } from './support.ts';

const servers: TestServer[] = [];
async function serve(handle: Parameters<typeof serveTest>[0]) {
  const server = await serveTest(handle);
  servers.push(server);
  const connections = { open: 0 };
  server.server.on('connection', (socket) => {
    connections.open += 1;
    socket.on('close', () => {
      connections.open -= 1;
    });
  });
  return { url: server.url, connections };
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const ONE = { readers: 1, forMs: 10 };
const LINE = '<div id="line" data-again="/again"></div>';

test('a full fleet refuses; a sandbox that is gone or broken has failed its reader', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/click') response.writeHead(302, { location: '/user/abc/' }).end();
    else response.writeHead(503).end();
  });
  const full = await loadTest(`${url}/full`, ONE);
  expect(full.errors).toMatchObject([{ outcome: 'refused', kind: 'http-503', step: 'redirect' }]);
  const broken = await loadTest(`${url}/click`, ONE);
  expect(broken.errors).toMatchObject([{ outcome: 'failed', kind: 'http-503', step: 'page' }]);
});

test('an error names the node that did not answer the claim', async () => {
  const node = await serve((request) => void request.socket.destroy());
  const front = await serve(
    (_, response) => void response.writeHead(302, { location: `${node.url}/claim` }).end(),
  );
  const { errors } = await loadTest(front.url, ONE);
  expect(errors).toMatchObject([{ step: 'claim', node: new URL(node.url).host, kind: 'ECONNRESET' }]);
});

test('a reader in line holds no connection to a node that sent them there', async () => {
  let front = '';
  const node = await serve((request, response) => {
    if (request.url === '/user/abc/') response.end('<title>An app</title>');
    else response.writeHead(302, { location: `${front}/line` }).end();
  });
  const seen: number[] = [];
  ({ url: front } = await serve((request, response) => {
    if (request.url === '/click') response.writeHead(302, { location: `${node.url}/claim` }).end();
    else if (request.url === '/line') response.end(LINE);
    else {
      // Held, as a front holds it.
      seen.push(node.connections.open);
      const goOn = (): unknown => response.end(`{"location":"${node.url}/user/abc/"}`);
      void expect
        .poll(() => node.connections.open)
        .toBe(0)
        .then(goOn, () => response.destroy());
    }
  }));
  const report = await loadTest(`${front}/click`, ONE, { patienceMs: 10_000, page: 'none' });
  expect([report.errors, report.readers.served, seen.length]).toEqual([[], 1, 1]);
});

test('a reader who settles keeps one idle connection there, and none elsewhere', async () => {
  const [here, there] = [
    await serve((_, response) => void response.end()),
    await serve((_, response) => void response.end()),
  ];
  const client = new ReaderClient({ from: undefined, timeoutMs: 5_000, mayReach: () => true });
  const ask = { destination: 'document', site: 'none' } as const;
  await Promise.all(Array.from({ length: 4 }, () => client.request(here.url, ask)));
  await client.request(there.url, ask);
  expect(here.connections.open).toBeGreaterThan(1);
  client.settleAt(here.url);
  await expect.poll(() => [here.connections.open, there.connections.open]).toEqual([1, 0]);
  await client.request(here.url, ask);
  expect(here.connections.open).toBe(1);
  client.leave();
  await expect.poll(() => here.connections.open).toBe(0);
});
