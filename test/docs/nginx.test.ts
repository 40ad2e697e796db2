// The nginx of docs/operations.md, word for word but for names and ports, before a node. By itself nginx refuses to save a notebook
// above 1 MB, and keeps back what a sandbox writes bit by bit.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Authority } from '../lab/debian/authority.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { whyNoPackages } from '../lab/install.ts';
import { type Nginx, startNginx } from '../lab/nginx.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { type SpawnedSandbox, spawnSandbox } from '../support/program.ts';
import { NAVIGATION } from '../support/reader.ts';

const COMMAND = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
const DOCUMENT = new URL('../../docs/operations.md', import.meta.url);
const START_MS = 360_000;

describe.skipIf(whyNoPackages() !== undefined)('a node behind the nginx of the documents', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-nginx-'));
  const dispatcher = new Agent({ localAddress: '127.0.0.2', connect: { rejectUnauthorized: false } });
  let agent: TestAgent;
  let nginx: Nginx;
  let origin = '';
  let sandbox: SpawnedSandbox;
  beforeAll(async () => {
    const { cert, key } = await (await Authority.create(dir)).issue('127.0.0.1');
    agent = await startAgent({ command: COMMAND, trustProxy: true, capacity: '4' });
    const { port: upstream } = new URL(agent.url);
    const replaced = { '/etc/tmpfleet/tls/fullchain.pem': cert, '/etc/tmpfleet/tls/privkey.pem': key };
    nginx = await startNginx((port) =>
      Object.entries({
        ...replaced,
        'listen 443 ': `listen 127.0.0.1:${port} `,
        'http://127.0.0.1:9000': `http://127.0.0.1:${upstream}`,
      }).reduce((text, [from, to]) => {
        expect(text).toContain(from);
        return text.replace(from, to);
      }, theBlock()),
    );
    origin = `https://127.0.0.1:${nginx.port}`;
    sandbox = await spawnSandbox(agent.url);
  }, START_MS);
  afterAll(async () => {
    await dispatcher.close();
    await nginx?.stop();
    await agent?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const base = (): string => `${origin}${sandbox.path}`;

  test('a reader gets cookies for https, and the sandbox learns their address', async () => {
    const headers = { ...NAVIGATION, accept: 'text/html', 'sec-fetch-site': 'none' };
    const claimed = await request(`${origin}/`, { headers, dispatcher });
    await claimed.body.dump();
    expect(claimed.statusCode).toBe(302);
    for (const cookie of [claimed.headers['set-cookie'] ?? []].flat()) expect(cookie).toContain('; Secure;');
    const seen = await request(`${base()}echo`, { headers: sandbox.headers, dispatcher });
    expect(await seen.body.json()).toMatchObject({
      headers: {
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '127.0.0.2, 127.0.0.1',
        host: new URL(origin).host,
      },
    });
  });

  test('a notebook of 20 MB is saved', async () => {
    const saved = await request(`${base()}upload`, {
      ...{ method: 'PUT', body: Buffer.alloc(20_000_000), headers: sandbox.headers, dispatcher },
    });
    expect(saved.statusCode).toBe(200);
    expect(await saved.body.json()).toMatchObject({ bytes: 20_000_000 });
  });

  test('what a sandbox writes bit by bit arrives so', async () => {
    const endless = await request(`${base()}endless`, { headers: sandbox.headers, dispatcher });
    for await (const chunk of endless.body) {
      expect(String(chunk)).toMatch(/^(and on\n){1,9}$/);
      break;
    }
  });

  test('a WebSocket of a page of the node opens', async () => {
    const echo = new WebSocket(`${base().replace('https', 'wss')}ws`, {
      ...{ rejectUnauthorized: false, headers: { ...sandbox.headers, origin } },
    });
    const heard = await new Promise((resolve, reject) => {
      echo
        .once('open', () => echo.send('through nginx'))
        .once('message', (data) => resolve(String(data)))
        .once('error', reject);
    });
    expect(heard).toBe('through nginx');
    echo.terminate();
  });
});

function theBlock(): string {
  const [, block] = /```nginx\n([\s\S]*?)```/.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  if (block === undefined) throw new Error('docs/operations.md shows no nginx');
  return block;
}
