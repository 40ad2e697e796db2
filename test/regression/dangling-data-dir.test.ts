// The data directory was a symbolic link to a disk that was not mounted. `doctor` found that the directory "can be made"; the
// agent then ended with an ENOENT that named neither the link nor its target. Both look at the link now.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tmpfleet } from '../support/tmpfleet.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-link-'));
const link = join(dir, 'data');
const missing = join(dir, 'not-mounted');
beforeAll(() => symlinkSync(missing, link));
afterAll(() => rmSync(dir, { recursive: true }));

const places = ['--engine', 'local', '--host', '127.0.0.1', '--port', '0', '--control-port', '0'];

test.each([
  ['the agent', 'node-agent', link],
  ['the agent', 'node-agent', join(link, 'below')],
  ['the doctor', 'doctor', link],
  ['the doctor', 'doctor', join(link, 'below')],
])('%s names the link and its target (%s --data-dir %s)', async (_, verb, dataDir) => {
  const run = tmpfleet([verb, ...places, '--data-dir', dataDir]);
  expect(await run.ended).toBe(verb === 'doctor' ? 1 : 2);
  expect(run.output()).toContain(
    `data-dir: ${JSON.stringify(link)} is a symbolic link to ${JSON.stringify(missing)}, which does not exist`,
  );
});
