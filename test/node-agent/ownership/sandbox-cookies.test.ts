// The names of cookies that a sandbox has set: how many, and what of them survives a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SandboxCookies } from '../../../node-agent/ownership/sandbox-cookies.ts';
import { Journal } from '../../../node-agent/sandboxes/claim-journal.ts';
import { createSandbox, SandboxTable } from '../../../node-agent/sandboxes/table.ts';
import { silentLogger } from '../../contract/defaults.ts';

test('are remembered on disk, up to 64 of each sandbox', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-cookies-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const journal = new Journal(dir, silentLogger);
  const table = new SandboxTable();
  const sandbox = createSandbox({ image: 'i', recipe: 'r', createdAt: 0 });
  Object.assign(sandbox, { state: 'claimed', key: 'k'.repeat(40), claimedBy: 'reader', claimedAt: 1 });
  table.add(sandbox);
  await journal.claim(sandbox);
  const cookies = new SandboxCookies(table, journal);
  for (let n = 0; n < 64; n += 1) expect(cookies.learn(sandbox.id, `c${n}`)).toBe(true);
  expect(cookies.learn(sandbox.id, 'one-too-many')).toBe(false);
  expect(cookies.learn(sandbox.id, 'c0')).toBe(true);
  expect(cookies.learn('another', 'c0')).toBe(false);
  expect(cookies.names('another').size).toBe(0);
  await journal.close();
  const again = new Journal(dir, silentLogger);
  expect(again.recorded.get(sandbox.id)).toMatchObject({
    ...{ key: sandbox.key, claimedBy: 'reader' },
    cookies: Array.from({ length: 64 }, (_, n) => `c${n}`),
  });
  await again.close();
});
