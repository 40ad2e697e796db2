// A second agent started by mistake found its port taken, but had replaced the first one's journal by then. The first went
// kept writing to a deleted file: after its next restart, readers who had come since had lost their sandboxes.
// The lock against this was an abstract socket at first. That belongs to a network namespace, so two containers that
// shared a volume were not excluded, and any local user could take its name before the agent did.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeStatsSchema } from '../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { processesWith } from '../support/processes.ts';
import { Reader } from '../support/reader.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

let dir = '';
let alias = '';
const runs: Run[] = [];
const others: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-second-'));
  alias = `${dir}-alias`;
});
afterEach(async () => {
  for (const other of others.splice(0)) other.kill('SIGKILL');
  await Promise.all(runs.splice(0).map((run) => run.stop()));
  expect(processesWith(dir)).toEqual([]);
  for (const path of [dir, alias]) rmSync(path, { recursive: true, force: true });
});

interface Start {
  readonly port?: string;
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  /** Put before the command, it runs the command in other namespaces. */
  readonly enter?: readonly string[];
}

function start({ port = '0', dataDir = dir, flags = [], enter = [] }: Start = {}): Run {
  const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const run = tmpfleet(
    [
      ...['node-agent', '--engine', 'local', '--command', command, '--capacity', '3', '--log-format', 'json'],
      ...['--host', '127.0.0.1', '--port', port, '--control-port', '0', '--data-dir', dataDir, ...flags],
    ],
    {},
    enter,
  );
  runs.push(run);
  return run;
}

test('a second agent in a data directory is refused, and the claims of the first stay on disk', async () => {
  const first = start();
  const [, url = ''] = await first.printed(/"url":"(http:[^"]+)","control"/);
  await until(
    'it is warm',
    async () => nodeStatsSchema.parse(await (await fetch(`${url}/stats`)).json()).available === 3,
  );
  const [before, after] = [new Reader(), new Reader()];
  const one = await before.click(`${url}/tree`);

  const { port } = new URL(url);
  symlinkSync(dir, alias);
  const second = start({ port, dataDir: alias });
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(
    new RegExp(`data-dir: .*${alias}.* is in use by the agent of process ${first.pid} on `),
  );
  expect(second.output()).toMatch(/stop that one first/);

  const other = await after.click(`${url}/tree`);
  first.process.kill('SIGKILL');
  await first.ended;
  // The kernel dropped the lock, although the first one's sandboxes live on.
  const next = start({ port, flags: ['--ephemeral'] });
  await next.printed(/"url":"(http:[^"]+)","control"/);
  expect((await before.click(`${url}/tree`)).sandbox).toBe(one.sandbox);
  expect((await after.click(`${url}/tree`)).sandbox).toBe(other.sandbox);
});

const UP = /"url":"(http:[^"]+)","control"/;

test('an agent in other network and process namespaces keeps others out, until it is killed', async () => {
  const enter = [
    ...['unshare', '--net', '--pid', '--fork', '--mount-proc', '--kill-child'],
    ...['sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
  ];
  const flags = ['--warm', '0'];
  const first = start({ enter, flags });
  await first.printed(UP);
  const second = start({ flags });
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/data-dir: .* is in use by the agent of process \d+ on /);

  // Ending `unshare` ends all processes in the namespaces.
  first.process.kill('SIGKILL');
  await first.ended;
  await until('its namespaces are gone', () => processesWith(dir).length === 0);
  const killed = performance.now();
  await start({ flags }).printed(UP);
  // A supervisor starts the agent again at once, and its readers have no proxy until then.
  expect(performance.now() - killed).toBeLessThan(10_000);
});

test('another user can take neither the name of the lock nor the lock itself', async () => {
  await start({ flags: ['--ephemeral'] })
    .printed(UP)
    .then(() => runs.splice(0)[0]?.stop());
  chmodSync(dir, 0o755);
  const { dev, ino } = statSync(dir, { bigint: true });
  // The program itself may lie where another user cannot run it, so it becomes that user only after its start.
  const script = `
    process.setgid(65534);
    process.setuid(65534);
    require("net").createServer().listen("\\0tmpfleet-node-agent/${dev}/${ino}", () => console.log("listening"));
    try { require("fs").openSync(${JSON.stringify(join(dir, 'agent.lock'))}); console.log("opened"); }
    catch (error) { console.log(error.code); }`;
  const foreigner = spawn(process.execPath, ['-e', script], { cwd: '/' });
  others.push(foreigner);
  let said = '';
  foreigner.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until('it has tried both', () => said.split('\n').length > 2);
  expect(said.trim().split('\n').sort()).toEqual(['EACCES', 'listening']);
  await start({ flags: ['--ephemeral'] }).printed(UP);
});

test('an agent says that the one before, on another host, did not stop cleanly', async () => {
  const lock = join(dir, 'agent.lock');
  writeFileSync(lock, 'process 1 on another-host');
  const run = start({ flags: ['--ephemeral'] });
  await run.printed(UP);
  expect(run.output()).toMatch(/"holder":"process 1 on another-host".*did not stop cleanly/);
  expect(readFileSync(lock, 'utf8')).toMatch(`process ${run.pid} on `);
  await run.stop();
  expect(readFileSync(lock, 'utf8')).toBe('');
});
