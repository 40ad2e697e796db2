// `tmpfleet node logs`: a node-agent's own log, read through the front or at the node, without secrets.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { logLinesSchema } from '../../shared/protocol/log-wish.ts';
import { formatNodeKey } from '../../shared/protocol/node-key.ts';
import { run } from '../cli/run.ts';
import { Bench, type Front, post, SECRET } from '../redirector/support.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const bench = new Bench();
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-logs-'));
const KEY = formatNodeKey([SECRET], 'node7');
let front: Front;
let agent: Run;
let [url, control] = ['', ''];

/** A process of its own, as on a host. */
async function start(): Promise<void> {
  agent = tmpfleet(
    [
      ...['node-agent', '--node-id', 'node7', '--engine', 'local', '--capacity', '1', '--ephemeral'],
      ...['--host', '127.0.0.1', '--port', url === '' ? '0' : new URL(url).port, '--control-port', '0'],
      ...['--data-dir', join(dir, 'data'), '--command', LIGHT_COMMAND, '--shutdown-grace', '0'],
    ],
    { TMPFLEET_NODE_KEY: KEY },
  );
  [, url = '', control = ''] = await agent.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/, 60_000);
}

beforeAll(async () => {
  front = await bench.front();
  await start();
  expect((await post(`${front.controlUrl}/api/nodes`, { url, id: 'node7', probe: false })).status).toBe(201);
  await until('the front has polled it', async () => (await front.stats()).hosts[url]?.down === undefined);
});
afterAll(async () => {
  await agent.stop();
  await bench.clear();
  rmSync(dir, { recursive: true, force: true });
});

const logs = (...args: string[]) => run(['node', 'logs', ...args]);

test('the front and the node give the same lines, the newest last', async () => {
  const there = await logs('--node', control, '--lines', '2');
  const through = await logs('node', '--front', front.controlUrl, '-n', '2');
  expect(there).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d{4}-\S+Z (INFO|WARN) .*\n\d{4}-\S+Z /),
  });
  expect(through).toEqual(there);
  const whole = await logs('--node', control);
  expect(whole.out).toContain('node-agent is up {"url":');
  expect(whole.out).toContain('THE LOCAL ENGINE ISOLATES NOTHING');
  const { lines } = logLinesSchema.parse(
    JSON.parse((await logs('node7', '--front', front.controlUrl, '--json')).out),
  );
  expect(lines.map((line) => JSON.parse(line).name)).toEqual(lines.map(() => 'node-agent'));
});

test('no secret is in it', async () => {
  const { out } = await logs('node7', '--front', front.controlUrl, '-n', '1000', '--json');
  expect(out).not.toContain(SECRET);
  expect(out).not.toContain(KEY);
});

test('--follow goes on with what is written, also after the agent was started again', async () => {
  const following = tmpfleet(['node', 'logs', 'node7', '--front', front.controlUrl, '--follow', '-n', '1']);
  await following.printed(/Z (INFO|WARN)/);
  await post(`${control}/api/cordon`);
  await following.printed(/node: cordon \{"state":"cordoned"\}/);
  await agent.stop();
  await start();
  await following.printed(/node-agent is up/);
  await following.stop();
});

test.each([
  [[], 2, /has to know which node is meant/],
  [['nobody'], 3, /no node is called "nobody"/],
  [['node7', '--lines', '0'], 2, /Expected a whole number from 1 to 1000/],
])('with %j it ends with exit code %d', async (args, code, message) => {
  expect(await logs('--front', front.controlUrl, ...args)).toMatchObject({
    ...{ code, err: expect.stringMatching(message) },
  });
});

test.each(['lines=0', 'lines=100000', 'lines=x', 'after=-1'])('a query with %s is refused', async (query) => {
  for (const path of [`${control}/api/log`, `${front.controlUrl}/api/nodes/node7/log`])
    expect((await fetch(`${path}?${query}`)).status).toBe(400);
});
