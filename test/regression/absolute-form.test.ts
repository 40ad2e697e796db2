// Seen: `GET http://h/user/ID/x HTTP/1.1` was answered with 404 by a node. Why: only origin-form targets were known. Holds
// now: RFC 9112 §3.2.2, a server MUST accept the absolute form; its authority overrides `Host`.
import { afterEach, expect, it } from 'vitest';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { exchangeRaw } from '../node-agent/proxy/bed.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { spawnSandbox } from '../support/program.ts';

let agent: TestAgent | undefined;
afterEach(async () => {
  await agent?.close();
  agent = undefined;
});

it('a node takes absolute-form targets, for its sandboxes and for claims', async () => {
  agent = await startAgent({
    capacity: '2',
    command: `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`,
  });
  await agent.warm(2);
  const port = Number(new URL(agent.url).port);
  const { path: url, token } = await spawnSandbox(agent.url);
  const head = 'HTTP/1.1\r\nHost: other.example.org\r\nConnection: close\r\n';
  const own = `Authorization: token ${token}\r\n`;
  const echoed = await exchangeRaw(port, `GET http://node.example.org:81${url}echo?a=b ${head}${own}\r\n`);
  expect(echoed.text).toMatch(/^HTTP\/1.1 200 /);
  expect(echoed.text).toContain(`"path":"${url}echo?a=b"`);
  expect(echoed.text).toContain('"host":"node.example.org:81"');
  expect(echoed.text).not.toContain('other.example.org');
  const upgrade =
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const refused = await exchangeRaw(
    port,
    `GET http://h${url}refuse-ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n${own}${upgrade}\r\n`,
  );
  expect(refused.text).toMatch(/^HTTP\/1.1 403 /);
  const claimed = await exchangeRaw(
    port,
    `GET http://h/notebooks/x.ipynb?a=b ${head}Sec-Fetch-Mode: navigate\r\nAccept: text/html\r\n\r\n`,
  );
  expect(claimed.text).toMatch(
    /^HTTP\/1.1 302 [\s\S]*\r\nLocation: \/user\/[^/]+\/notebooks\/x.ipynb\?a=b\r\n/i,
  );
  expect((await exchangeRaw(port, `GET http://h/stats ${head}\r\n`)).text).toMatch(/^HTTP\/1.1 200 /);
});
