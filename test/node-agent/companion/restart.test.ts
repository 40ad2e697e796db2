// An agent that is killed and started again: tabs connect again, and learn of the end as before.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { EventStream } from '../../support/event-stream.ts';
import { Reader } from '../../support/reader.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-companion-'));
let runs: Run[] = [];
afterEach(async () => {
  for (const run of runs) await run.stop();
  runs = [];
  rmSync(dir, { recursive: true, force: true });
});

async function start(port: string, ...flags: string[]) {
  const listen = ['--host', '127.0.0.1', '--port', port, '--control-port', '0', '--data-dir', dir];
  const run = tmpfleet([
    ...['node-agent', '--engine', 'local', '--capacity', '1', '--node-id', 'n1', '--log-format', 'json'],
    ...[...listen, ...flags],
  ]);
  runs.push(run);
  const [, url = '', control = ''] = await run.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/);
  return { run, url, control };
}

test('after kill -9 and a restart the stream goes on, and an end is announced', async () => {
  const first = await start('0');
  const landing = await until('a sandbox is there', async () => {
    const landed = await new Reader().click(`${first.url}/`);
    return landed.status === 200 ? landed : undefined;
  });
  const events = `${first.url}/user/${landing.sandbox}/.tmpfleet/events`;
  const headers = { ...landing.own, 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' };
  const before = await EventStream.open(events, headers);
  await before.has('state');
  first.run.process.kill('SIGKILL');
  await first.run.ended;
  await until('the stream breaks', () => before.isOver);
  expect(before.count('ended')).toBe(0);

  const second = await start(new URL(first.url).port, '--ephemeral');
  const after = await EventStream.open(events, headers);
  // Killed before its first use was on disk, so it is on its lease, and has no end for lack of use yet.
  expect(await after.has('state')).toMatchObject({ deadline: { why: 'age' }, home: '' });
  await fetch(`${second.control}/api/sandboxes/${landing.sandbox}`, { method: 'DELETE' });
  expect(await after.has('ended', 5_000)).toEqual({ reason: 'deleted' });
});

test('an agent that is stopped does not wait for streams, and says nothing of an end', async () => {
  const { run, url } = await start('0');
  const landing = await until('a sandbox is there', async () => {
    const landed = await new Reader().click(`${url}/`);
    return landed.status === 200 ? landed : undefined;
  });
  const events = `${url}/user/${landing.sandbox}/.tmpfleet/events`;
  const stream = await EventStream.open(events, { ...landing.own, 'sec-fetch-site': 'same-origin' });
  await stream.has('state');
  await run.stop();
  expect(stream.isOver).toBe(true);
  expect(stream.count('ended')).toBe(0);
  // Removes what the agent left running.
  await start(new URL(url).port, '--ephemeral');
});
