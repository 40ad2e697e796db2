// Which sites may show notebooks in a frame is said once, at the front, and the nodes learn it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Bench, SECRET } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const SITES = 'https://www.example-journal.org,https://preview.example-journal.org';
const POLICY = `frame-ancestors 'self' ${SITES.replace(',', ' ')}`;
const secret = { TMPFLEET_SECRET: SECRET };

const policyAt = async (url: string): Promise<string | null> => {
  const answer = await fetch(url, { headers: { accept: 'text/html' } });
  await answer.arrayBuffer();
  return answer.headers.get('content-security-policy');
};
const learns = (agent: TestAgent, policy: string): Promise<unknown> =>
  until(`the node says ${policy}`, async () => (await policyAt(`${agent.url}/info`))?.includes(policy));

test('a node learns it from the front, keeps it over a restart, and learns when it changes', async () => {
  const front = await bench.front({ embedOrigins: SITES });
  const first = await startAgent({ nodeId: 'n1', capacity: '1' }, secret);
  await first.warm(1);
  await front.add(first);
  await learns(first, POLICY);
  expect(await policyAt(`${front.url}/user-page-of-the-front`)).toContain(POLICY);
  // Of a sandbox too, whatever it says itself.
  const { headers } = await new Reader().click(`${first.url}/tree`);
  expect(String(headers['content-security-policy'])).toContain(POLICY);

  await first.stop();
  const again = bench.keep(await startAgent({ nodeId: 'n1', capacity: '1', dataDir: first.dataDir }, secret));
  expect(await policyAt(`${again.url}/info`)).toContain(POLICY);
  await front.close();
  const other = await bench.front({ embedOrigins: '' });
  await other.add(again);
  await until('the node forgets it', async () => !(await policyAt(`${again.url}/info`))?.includes('journal'));
});

test("a node's own option holds beside what the front says, and without any front", async () => {
  const flags = { nodeId: 'n1', capacity: '1', embedOrigins: 'https://intranet.example.org' };
  const agent = bench.keep(await startAgent(flags, secret));
  expect(await policyAt(`${agent.url}/info`)).toContain(
    "frame-ancestors 'self' https://intranet.example.org",
  );
  const front = await bench.front({ embedOrigins: SITES });
  await front.add(agent);
  await learns(agent, `frame-ancestors 'self' https://intranet.example.org ${SITES.replace(',', ' ')}`);
});

test('without the option no other site may', async () => {
  const agent = bench.keep(await startAgent({ nodeId: 'n1', capacity: '1' }));
  const front = await bench.front();
  expect(await policyAt(`${agent.url}/info`)).toMatch(/frame-ancestors 'self'$/);
  expect(await policyAt(`${front.url}/tree`)).toMatch(/frame-ancestors 'self'$/);
});

test('a list that no node could take is refused at the start', async () => {
  const tooMany = Array.from({ length: 65 }, (_, n) => `https://site${n}.example`).join();
  await expect(bench.front({ embedOrigins: tooMany })).rejects.toThrow(/embed-origins: .*up to 64 origins/s);
  const tooLong = `https://${'a'.repeat(250)}.example`;
  await expect(bench.front({ embedOrigins: tooLong })).rejects.toThrow(/embed-origins/);
});

test('what somebody wrote into the state file cannot break a response', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-embedding-'));
  try {
    const embedOrigins = [
      'https://www.example-journal.org',
      'x\r\nset-cookie: a=1',
      "https://a.example; script-src 'none'",
    ];
    const record = { state: 'ready', deadline: null, forced: null, embedOrigins };
    writeFileSync(join(dataDir, 'node-state.json'), JSON.stringify(record));
    const agent = bench.keep(await startAgent({ nodeId: 'n1', capacity: '1', dataDir }, secret));
    expect(await policyAt(`${agent.url}/info`)).toMatch(
      /frame-ancestors 'self' https:\/\/www\.example-journal\.org$/,
    );
  } finally {
    await bench.clear();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
