// `tmpfleet registry` and `tmpfleet audit`, as an operator types them on the front's host.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Bench } from '../../redirector/support.ts';
import { tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

// Many commands, each a process.
vi.setConfig({ testTimeout: 240_000 });
const bench = new Bench();
afterEach(() => bench.clear());

async function type(url: string, ...words: readonly string[]): Promise<{ code: unknown; text: string }> {
  const run = tmpfleet([...words, '--front', url], { USER: 'ada', TZ: 'UTC' });
  return { code: await run.ended, text: run.output() };
}

test('a deleted registry is reported and restored, and the audit trail names the caller', async () => {
  const front = await bench.front();
  const { controlUrl, dataDir } = front;
  expect(await type(controlUrl, 'audit')).toEqual({ code: 0, text: 'no orders yet\n' });
  const added = await type(controlUrl, 'node', 'add', 'http://127.0.0.1:1', '--no-probe');
  expect(added.code).toBe(0);
  expect((await type(controlUrl, 'node', 'cordon', 'nobody')).code).not.toBe(0);
  expect((await type(controlUrl, 'registry', 'show')).text).toMatch(
    /^file .*nodes\.json, 1 node known\ncurrent /,
  );
  const nothing = await type(controlUrl, 'registry', 'restore', '--force');
  expect(nothing).toMatchObject({ code: 3, text: expect.stringMatching(/nothing to decide/) });

  rmSync(join(dataDir, 'nodes.json'));
  await until('the front notices it', async () => {
    const { code, text } = await type(controlUrl, 'registry', 'show', '--json');
    // For scripts: the command fails, and the JSON is still on standard output.
    return code === 3 && text.includes('"state": "lost"');
  });
  expect((await type(controlUrl, 'registry', 'show')).text).toMatch(
    /LOST: registry looks emptied or rolled back; ignoring it and continuing with the 1 node last known; .*\nthe file is gone\n.*restore/s,
  );
  const unsure = await type(controlUrl, 'registry', 'restore');
  expect(unsure).toMatchObject({ code: 2, text: expect.stringMatching(/requires --force/) });
  expect((await type(controlUrl, 'registry', 'restore', '--force')).text).toMatch(/1 node known\ncurrent/);

  const { text } = await type(controlUrl, 'audit', '--limit', '10');
  const lines = text.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^WHEN +AT +WHO +WHAT +WITH +RESULT$/);
  expect(lines[1]).toMatch(
    /ada@\S+ \(.*127\.0\.0\.1\) +POST \/api\/registry\/restore +\{"force":true\} +200$/,
  );
  expect(lines[2]).toMatch(/POST \/api\/registry\/restore .* 409: there is nothing to decide/);
  expect(lines[3]).toMatch(/POST \/api\/nodes\/nobody\/cordon .* 404: /);
  expect(lines[4]).toMatch(/POST \/api\/nodes +\{"url":"http:\/\/127\.0\.0\.1:1".* 201$/);
  expect(lines).toHaveLength(5);
  expect(JSON.parse((await type(controlUrl, 'audit', '--limit', '1', '--json')).text)).toHaveLength(1);
  expect((await type(controlUrl, 'audit', '--limit', '0')).code).toBe(2);
});
