// Seen: a node answered each malformed request below a sandbox with "this address is malformed", also where the address was
// right and the body or the upgrade was wrong. Holds now: the 400 says what is wrong.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchangeRaw } from '../node-agent/proxy/bed.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';

let agent: TestAgent;
let id = '';
let key = '';
beforeAll(async () => {
  agent = await startAgent();
  await agent.warm(2);
  const claimed = await agent.pool.claim({
    waitMs: 0,
    signal: new AbortController().signal,
    by: 'program',
  });
  id = claimed?.id ?? '';
  key = claimed?.key ?? '';
});
afterAll(() => agent.close());

test.each([
  ['a path that leaves the sandbox', 'GET /user/x/../../y HTTP/1.1', '', 'The address leaves the sandbox'],
  [
    'an unknown transfer coding',
    'POST /user/x/y HTTP/1.1',
    'Transfer-Encoding: gzip, chunked\r\n',
    'transfer coding other than',
  ],
  [
    'an upgrade on a POST',
    'POST /user/ID/y HTTP/1.1',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n',
    'must be a GET without a body',
  ],
])('%s is refused with what is wrong', async (_, line, headers, words) => {
  const connection = headers.includes('Connection') ? '' : 'Connection: close\r\n';
  const request = `${line.replace('ID', id)}\r\nHost: h\r\nAuthorization: token ${key}\r\n${connection}${headers}\r\n`;
  const { text } = await exchangeRaw(Number(new URL(agent.url).port), request);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain(words);
});
