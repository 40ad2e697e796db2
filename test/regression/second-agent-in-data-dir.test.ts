// An agent started a second time by mistake found its port taken, but had by then put a journal of its own in the place
// of the first one's, which went on writing to a file that was no more: after its next restart, whoever had come since
// had lost their sandbox.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { processesWith } from '../support/processes.ts';
import { Reader } from '../support/reader.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-second-'));
const alias = `${dir}-alias`;
const runs: Run[] = [];
afterEach(async () => {
  await Promise.all(runs.map((run) => run.stop()));
  expect(processesWith(dir)).toEqual([]);
  for (const path of [dir, alias]) rmSync(path, { recursive: true, force: true });
});

function start(port: string, dataDir: string, ...flags: readonly string[]): Run {
  const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const run = tmpfleet([
    ...['node-agent', '--engine', 'local', '--command', command, '--capacity', '3', '--log-format', 'json'],
    ...['--host', '127.0.0.1', '--port', port, '--control-port', '0', '--data-dir', dataDir, ...flags],
  ]);
  runs.push(run);
  return run;
}

test('a second agent in a data directory is refused, and the claims of the first stay on disk', async () => {
  const first = start('0', dir);
  const [, url = ''] = await first.printed(/"url":"(http:[^"]+)","control"/);
  await until(
    'it is warm',
    async () => nodeStatsSchema.parse(await (await fetch(`${url}/stats`)).json()).available === 3,
  );
  const [before, after] = [new Reader(), new Reader()];
  const one = await before.click(`${url}/tree`);

  const { port } = new URL(url);
  symlinkSync(dir, alias);
  const second = start(port, alias);
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    new RegExp(`data-dir: .*${alias}.* is in use by the agent of process ${first.pid}`),
  );
  expect(second.output()).toMatch(/stop that one first/);

  const other = await after.click(`${url}/tree`);
  first.process.kill('SIGKILL');
  await first.ended;
  // Nothing stale keeps the next one out.
  const next = start(port, dir, '--ephemeral');
  await next.printed(/"url":"(http:[^"]+)","control"/);
  expect((await before.click(`${url}/tree`)).sandbox).toBe(one.sandbox);
  expect((await after.click(`${url}/tree`)).sandbox).toBe(other.sandbox);
});
