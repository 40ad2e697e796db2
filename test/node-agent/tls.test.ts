// A node that speaks TLS itself: all that depends on the scheme is as behind a TLS terminator.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Authority } from '../lab/debian/authority.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { NAVIGATION } from '../support/reader.ts';

const DOMAIN = 'node1.test';
const COMMAND = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
const PAGE = { ...NAVIGATION, accept: 'text/html', 'sec-fetch-site': 'none' };

let dir: string;
let tls: { readonly tlsCert: string; readonly tlsKey: string };
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tls-node-'));
  const { cert, key } = await (await Authority.create(dir)).issue(DOMAIN, 60, [`*.${DOMAIN}`]);
  tls = { tlsCert: cert, tlsKey: key };
});
afterAll(async () => {
  await dispatcher.close();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(agent: TestAgent, path: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await request(`${agent.url}${path}`, { headers: { host: DOMAIN, ...headers }, dispatcher });
  const { location = '', 'set-cookie': set = [] } = answer.headers;
  const cookies = [set].flat();
  const cookie = cookies.map((each) => each.split(';', 1)[0]).join('; ');
  return {
    status: answer.statusCode,
    location: String(location),
    cookies,
    cookie,
    body: await answer.body.text(),
  };
}

describe('a node with --tls-cert', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await startAgent({ ...tls, command: COMMAND });
    await agent.warm(2);
  });
  afterAll(() => agent.close());

  test('gives Secure cookies, tells the sandbox https, and carries WebSockets', async () => {
    expect(agent.url).toMatch(/^https:/);
    const claimed = await ask(agent, '/', PAGE);
    expect(claimed.status).toBe(302);
    expect(claimed.cookies).toHaveLength(2);
    for (const cookie of claimed.cookies) expect(cookie).toContain('; Secure; SameSite=None; Partitioned');
    expect(claimed.cookie).toContain('__Host-tmpfleet_node1_');
    const base = claimed.location.split('?', 1)[0] ?? '';
    const seen = await ask(agent, `${base}echo`, { ...PAGE, cookie: claimed.cookie });
    expect(seen.body).toMatch(/"x-forwarded-proto": ?"https"/);
    const echo = new WebSocket(`${agent.url.replace('https', 'wss')}${base}ws`, {
      ...{ rejectUnauthorized: false, headers: { cookie: claimed.cookie, host: DOMAIN } },
    });
    const heard = await new Promise((resolve, reject) => {
      echo.once('open', () => echo.send('through TLS')).once('message', (data) => resolve(String(data)));
      echo.once('error', reject);
    });
    expect(heard).toContain('through TLS');
    echo.terminate();
  });

  test('shows when its certificate ends', async () => {
    const metrics = await (await fetch(`${agent.controlUrl}/metrics`)).text();
    const [, seconds] = /^tmpfleet_certificate_expiry_timestamp_seconds\{[^}]*\} (\S+)$/m.exec(metrics) ?? [];
    expect(Number(seconds) * 1_000 - Date.now()).toBeGreaterThan(59 * 86_400_000);
  });
});

test('with --sandbox-domain each sandbox is at an https address below it', async () => {
  const agent = await startAgent({ ...tls, command: COMMAND, sandboxDomain: DOMAIN });
  try {
    await agent.warm(2);
    const { location } = await ask(agent, '/', PAGE);
    const { protocol, host, pathname } = new URL(location);
    expect(protocol).toBe('https:');
    expect(host).toMatch(/^[0-9a-f]+\.node1\.test/);
    const handed = await ask(agent, pathname, { ...PAGE, host });
    expect(handed.status).toBe(302);
    expect(handed.cookie).toMatch(/^__Host-tmpfleet_key=/);
    const page = await ask(agent, handed.location, { ...PAGE, host, cookie: handed.cookie });
    expect(page.status).toBe(200);
  } finally {
    await agent.close();
  }
});

test('its control listener shows the same certificate where other machines reach it, and is plain on loopback', async () => {
  const controlToken = 'control-token-of-the-test';
  const agent = await startAgent(
    { ...tls, controlHost: '0.0.0.0' },
    { TMPFLEET_CONTROL_TOKEN: controlToken },
  );
  try {
    expect(agent.controlUrl).toMatch(/^https:/);
    const answer = await request(`${agent.controlUrl}/api/status`, {
      ...{ dispatcher, headers: { authorization: `Bearer ${controlToken}` } },
    });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
  } finally {
    await agent.close();
  }
});
