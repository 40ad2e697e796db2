// Starting afresh by a link: who has a sandbox is asked, only a press of our own page ends it, and no other reader is.
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { NAVIGATION, Reader } from '../support/reader.ts';

let agent: TestAgent;
afterEach(() => agent.close());

const LINK = '/notebooks/a.ipynb?x=%22&tmpfleet-afresh';

async function readerWithSandbox(): Promise<{ readonly reader: Reader; readonly sandbox: string }> {
  agent = await startAgent({ capacity: '3' });
  await agent.warm(3);
  const reader = new Reader();
  const { sandbox = '' } = await reader.click(`${agent.url}/tree`);
  expect(agent.pool.table.get(sandbox)?.state).toBe('active');
  return { reader, sandbox };
}

async function press(reader: Reader, headers: Readonly<Record<string, string>>) {
  const address = `${agent.url}${LINK}`;
  const answer = await request(address, {
    method: 'POST',
    headers: { ...NAVIGATION, accept: 'text/html', cookie: reader.cookieFor(address), ...headers },
  });
  return { status: answer.statusCode, location: answer.headers.location, body: await answer.body.text() };
}

test('asks a reader who has a sandbox, and ends nothing by itself', async () => {
  const { reader, sandbox } = await readerWithSandbox();
  const { status, body } = await reader.click(`${agent.url}${LINK}`);
  expect(status).toBe(200);
  expect(body).toContain('Start afresh? This notebook will be removed');
  expect(body).toContain('href="/notebooks/a.ipynb?x=%22"');
  expect(body).toContain('action="/notebooks/a.ipynb?x=%22&#38;tmpfleet-afresh"');
  expect(agent.pool.table.get(sandbox)?.state).toBe('active');
});

test('a press there ends it, and opens another one at the same place, without the word', async () => {
  const { reader, sandbox } = await readerWithSandbox();
  const { status, location } = await press(reader, { 'sec-fetch-site': 'same-origin' });
  expect(status).toBe(303);
  expect(location).toMatch(/^\/user\/[0-9a-f]{40}\/notebooks\/a\.ipynb\?x=%22$/);
  expect(location).not.toContain(sandbox);
  expect(agent.pool.table.endedAs(sandbox)).toBe('left');
});

test('a POST of another site ends nothing', async () => {
  const { reader, sandbox } = await readerWithSandbox();
  const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
  const { status, body } = await press(reader, foreign);
  expect(status).toBe(200);
  expect(body).toContain('Start afresh?');
  expect(agent.pool.table.get(sandbox)?.state).toBe('active');
  expect(agent.pool.status().claims).toBe(1);
});

test('a reader without a sandbox gets one, and the sandbox does not see the word', async () => {
  await readerWithSandbox();
  const { sandbox, url } = await new Reader().click(`${agent.url}${LINK}`);
  expect(sandbox).toBeDefined();
  expect(url).toMatch(/\/notebooks\/a\.ipynb\?x=%22$/);
});
