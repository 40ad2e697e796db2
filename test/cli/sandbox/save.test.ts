// `tmpfleet sandbox save` as an operator types it: the file, what is printed, and how it fails.
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { auditSchema } from '../../../shared/api/registry.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { run, runJson } from '../run.ts';

vi.setConfig({ testTimeout: 120_000 });

let agent: TestAgent;
let env: Record<string, string> = {};
let id = '';
let scratch = '';
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'tmpfleet-save-'));
  agent = await startAgent({ capacity: '1', saveFiles: '5' });
  await agent.warm(1);
  id = agent.pool.table.all()[0]?.id ?? '';
  env = { TMPFLEET_NODE: agent.controlUrl };
  await writeFile(join(agent.dataDir, 'local', id, 'made'), 'by the reader');
});
afterAll(async () => {
  await agent?.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe('tmpfleet sandbox save', () => {
  test('writes the archive, says where, and does not replace a file', async () => {
    const file = join(scratch, 'a.zip');
    const { code, out } = await run(['sandbox', 'save', id.slice(0, 8), '-o', file], env);
    expect([code, out]).toEqual([0, expect.stringMatching(/a\.zip: \d+ bytes\n$/)]);
    const zip = await readFile(file, 'latin1');
    expect([zip.slice(0, 4), zip.includes('by the reader')]).toEqual(['PK\u0003\u0004', true]);
    const again = await run(['sandbox', 'save', id, '-o', file], env);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is there already') });
    expect((await readFile(file, 'latin1')).length).toBe(zip.length);
  });

  test('with --json says how long it is, and is in the audit trail', async () => {
    const file = join(scratch, 'b.tar.gz');
    const said = await runJson(['sandbox', 'save', id, '--format', 'tar.gz', '-o', file, '--json'], env);
    expect(said).toEqual({
      ...{ id, file, format: 'tar.gz', files_bytes: 10_240 },
      bytes: (await readFile(file)).length,
    });
    const entries = auditSchema.parse(await (await fetch(`${agent.controlUrl}/api/audit`)).json());
    expect(entries[0]).toMatchObject({
      what: `POST /api/sandboxes/${id.slice(0, 8)}…/save`,
      body: { format: 'tar.gz' },
      status: 200,
    });
  });

  test('ends with a code and a reason, and leaves nothing behind, where it cannot be saved', async () => {
    const more = Array.from({ length: 8 }, (_, n) => join(agent.dataDir, 'local', id, String(n)));
    for (const name of more) await writeFile(name, '');
    const file = join(scratch, 'c.zip');
    const { code, err } = await run(['sandbox', 'save', id, '-o', file], env);
    expect([code, err]).toEqual([1, expect.stringContaining('broke off')]);
    expect((await readdir(scratch)).filter((name) => name.startsWith('c'))).toEqual([]);
    for (const name of more) rmSync(name);
    const nobody = await run(['sandbox', 'save', 'ffffffff', '-o', file], env);
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining('no sandbox here is called') });
    const nowhere = await run(['sandbox', 'save', id, '-o', file], { TMPFLEET_NODE: 'http://127.0.0.1:1' });
    expect(nowhere.code).toBe(4);
    const noPlace = await run(['sandbox', 'save', id, '-o', join(scratch, 'no/where.zip')], env);
    expect(noPlace).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') });
  });
});
