// Claims that a version without keys recorded: the reader of one, and the program of another, keep it through the upgrade.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startAgent } from '../support/agent.ts';
import { spawnSandbox } from '../support/program.ts';
import { Reader } from '../support/reader.ts';

const DOCUMENT = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' };

test('an upgrade keeps the sandboxes of readers and programs', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-upgrade-'));
  const flags = { capacity: '3', nodeId: 'upgraded', dataDir };
  const before = await startAgent({ ...flags, ephemeral: false });
  await before.warm(3);
  const { sandbox = '', url, own } = await new Reader().click(`${before.url}/tree`);
  const program = await spawnSandbox(before.url);
  const port = String(new URL(before.url).port);
  await before.close();
  const journal = join(dataDir, 'journal.jsonl');
  const recorded = readFileSync(journal, 'utf8');
  expect(recorded).toContain('"by":"reader"');
  writeFileSync(journal, recorded.replaceAll(/,"by":"\w+"/g, ''));

  const after = await startAgent({ ...flags, port });
  onTestFinished(async () => {
    await after.close();
    rmSync(dataDir, { recursive: true });
  });
  const key = /tmpfleet_key=([0-9a-f]+)/.exec(own.cookie)?.[1] ?? '';
  const cookie = `tmpfleet_upgraded=${sandbox}.${key}`;
  expect((await fetch(url, { headers: { ...DOCUMENT, cookie } })).status).toBe(200);
  expect((await fetch(url, { headers: DOCUMENT })).status).toBe(403);
  const back = new Reader({ ...DOCUMENT, cookie });
  expect((await back.click(`${after.url}/tree`, /\/user\//)).sandbox).toBe(sandbox);
  // Its reader has the cookies of this version now.
  expect((await fetch(url, { headers: { ...DOCUMENT, cookie: back.cookieFor(url) } })).status).toBe(200);
  expect((await fetch(program.base)).status).toBe(200);
});
