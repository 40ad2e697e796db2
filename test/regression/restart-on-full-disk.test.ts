// With the guard of free disk space off (`--min-free-disk 0`) and the disk full, an agent that was killed refused to start
// until there was room again: readers with living sandboxes had no proxy. It starts now, serves their traffic, and gives
// out no sandbox until claims can be written.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { processesWith } from '../support/processes.ts';
import { Reader } from '../support/reader.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

let disk = '';
const runs: Run[] = [];
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'tmpfleet-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]);
});
afterEach(async () => {
  await Promise.all(runs.splice(0).map((run) => run.stop()));
  expect(processesWith(disk)).toEqual([]);
  execFileSync('umount', ['--lazy', disk]);
  rmSync(disk, { recursive: true });
});

async function start(port: string, ...flags: readonly string[]): Promise<{ run: Run; url: string }> {
  const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const run = tmpfleet([
    ...['node-agent', '--engine', 'local', '--command', command, '--capacity', '3', '--log-format', 'json'],
    ...['--host', '127.0.0.1', '--port', port, '--control-port', '0', '--data-dir', disk],
    ...['--min-free-disk', '0', ...flags],
  ]);
  runs.push(run);
  const [, url = ''] = await run.printed(/"url":"(http:[^"]+)","control"/);
  return { run, url };
}

test('an agent killed on a full disk starts again and serves; it gives out none until there is room', async () => {
  const first = await start('0');
  const stats = async () => nodeStatsSchema.parse(await (await fetch(`${first.url}/stats`)).json());
  await until('it is warm', async () => (await stats()).available === 3);
  const reader = new Reader();
  const before = await reader.click(`${first.url}/tree`);
  await until('it is warm again', async () => (await stats()).available === 2);

  const filler = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  first.run.process.kill('SIGKILL');
  await first.run.ended;

  await start(new URL(first.url).port, '--ephemeral');
  expect((await reader.click(before.url)).sandbox).toBe(before.sandbox);
  expect((await reader.click(`${first.url}/tree`)).sandbox).toBe(before.sandbox);
  expect(await stats()).toMatchObject({ available: 0, fleet: { held: 1, claims: 0, state: 'cordoned' } });
  expect((await stats()).fleet?.problem).toMatch(/no claim can be written .*ENOSPC/);
  expect((await new Reader().click(`${first.url}/tree`)).status).toBe(503);

  rmSync(filler);
  await until('it gives sandboxes out again', async () => (await stats()).available > 0);
  const other = await new Reader().click(`${first.url}/tree`);
  expect(other.status).toBe(200);
  expect(other.sandbox).not.toBe(before.sandbox);
});
