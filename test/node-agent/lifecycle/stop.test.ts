// An agent that is stopped: it takes no new reader and loses none, and the next one goes on where it was.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type NodeStats, nodeStatsSchema } from '../../../shared/protocol/wire.ts';
import { TINY_SERVER } from '../../lab/images/tiny-image.ts';
import { processesWith } from '../../support/processes.ts';
import { Reader } from '../../support/reader.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

const FRONT = 'http://127.0.0.1:9';
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-stop-'));
const runs: Run[] = [];
afterEach(async () => {
  await Promise.all(runs.map((run) => run.stop()));
  expect(processesWith(dir)).toEqual([]);
  rmSync(dir, { recursive: true, force: true });
});

interface Agent {
  readonly run: Run;
  readonly url: string;
  stats(): Promise<NodeStats>;
}

async function start(port: string, ...flags: readonly string[]): Promise<Agent> {
  const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const run = tmpfleet(
    [
      ...['node-agent', '--engine', 'local', '--command', command, '--capacity', '3', '--front-url', FRONT],
      ...['--host', '127.0.0.1', '--port', port, '--control-port', '0', '--data-dir', dir],
      ...['--log-format', 'json', ...flags],
    ],
    { TMPFLEET_SECRET: 'the-secret-of-a-leaving-node' },
  );
  runs.push(run);
  const [, url = ''] = await run.printed(/"url":"(http:[^"]+)","control"/);
  return { run, url, stats: async () => nodeStatsSchema.parse(await (await fetch(`${url}/stats`)).json()) };
}

test('sends newcomers to the front while it stops, keeps its sandboxes, and takes them up again', async () => {
  const agent = await start('0', '--shutdown-grace', '20s');
  await until('it is warm', async () => (await agent.stats()).available === 3);
  const reader = new Reader();
  const before = await reader.click(`${agent.url}/tree?x=1`);
  expect(before.status).toBe(200);

  agent.run.process.kill('SIGTERM');
  await until('it reports that it stops', async () => (await agent.stats()).fleet?.state === 'cordoned');
  expect(await agent.stats()).toMatchObject({ available: 0, fleet: { held: 1 } });
  const newcomer = await new Reader().click(`${agent.url}/tree?y=2`, new RegExp(FRONT));
  expect(newcomer.url).toMatch(`${FRONT}/tree?y=2`);
  expect((await reader.click(before.url)).status).toBe(200);
  // A second signal ends the wait.
  agent.run.process.kill('SIGTERM');
  await agent.run.ended;

  const { port } = new URL(agent.url);
  const next = await start(port, '--ephemeral');
  expect((await next.stats()).fleet).toMatchObject({ state: 'ready', held: 1 });
  const after = await reader.click(`${next.url}/tree?x=1`);
  expect(after.sandbox).toBe(before.sandbox);
});
