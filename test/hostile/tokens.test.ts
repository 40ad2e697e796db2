// Tokens and secrets of a running fleet: in no list of processes, no log, no answer and no error.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SIGNATURE_HEADER } from '../../shared/protocol/order.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const SECRET = 'the-fleet-secret-that-stays-hidden';
const CONTROL = 'the-control-token-that-stays-hidden';
const API = 'the-api-token-that-stays-hidden';
const WRONG = 'a-wrong-token-that-stays-hidden-too';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tokens-'));
let agent: Run;
let front: Run;
const urls = { node: '', nodeControl: '', front: '', frontControl: '' };

beforeAll(async () => {
  writeFileSync(join(dir, 'secret'), `${SECRET}\n`, { mode: 0o600 });
  const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const listen = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'];
  const secrets = ['--secret-file', join(dir, 'secret'), '--log-level', 'debug'];
  agent = tmpfleet(
    [
      ...['node-agent', '--engine', 'local', '--command', command, '--capacity', '2', '--ephemeral'],
      ...[...listen, ...secrets, '--data-dir', join(dir, 'agent'), '--node-id', 'secretive'],
    ],
    { TMPFLEET_CONTROL_TOKEN: CONTROL, TMPFLEET_API_TOKEN: API },
  );
  front = tmpfleet(['redirector', ...listen, ...secrets, '--data-dir', join(dir, 'front')], {
    TMPFLEET_CONTROL_TOKEN: CONTROL,
  });
  const up = /"url":"(http:[^"]+)","control":"(http:[^"]+)"/;
  [, urls.node = '', urls.nodeControl = ''] = await agent.printed(up, 30_000);
  [, urls.front = '', urls.frontControl = ''] = await front.printed(up, 30_000);
  await ask(`${urls.frontControl}/api/nodes`, CONTROL, { url: urls.node });
});
afterAll(async () => {
  await Promise.all([agent.stop(), front.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

const said: string[] = [];
async function ask(url: string, token: string, body?: object): Promise<number> {
  const answer = await fetch(url, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${token}`, [SIGNATURE_HEADER]: WRONG },
    redirect: 'manual',
  });
  said.push(await answer.text(), JSON.stringify([...answer.headers]));
  return answer.status;
}

test('none is shown in the list of processes, a log or an answer', async () => {
  await until(
    'a sandbox is claimed',
    async () => (await ask(`${urls.front}/api/spawn`, API, {})) === 200,
    60_000,
  );
  // A refusal does not repeat the value that it got.
  for (const url of [`${urls.nodeControl}/api/status`, `${urls.frontControl}/api/nodes`]) {
    expect(await ask(url, WRONG)).toBe(401);
  }
  expect(await ask(`${urls.node}/api/spawn`, WRONG, {})).toBe(401);
  expect(await ask(`${urls.node}/api/orders`, WRONG, { order: 'drain', node: 'secretive' })).toBe(403);
  expect(await ask(`${urls.nodeControl}/api/drain`, CONTROL, { deadline: WRONG })).toBe(400);
  expect(await ask(`${urls.front}/tree?ticket=3~${WRONG}~x`, WRONG)).toBe(302);
  expect(await ask(`${urls.frontControl}/metrics`, CONTROL)).toBe(200);

  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine);
  expect(processes.filter((line) => line.includes('node-agent')).length).toBeGreaterThan(0);
  expect(processes.filter((line) => line.includes('tiny-server')).length).toBeGreaterThan(0);
  const logs = agent.output() + front.output();
  expect(logs).toContain('a node was added');
  for (const secret of [SECRET, CONTROL, API]) {
    expect(processes.filter((line) => line.includes(secret))).toEqual([]);
    expect(logs).not.toContain(secret);
    expect(said.join()).not.toContain(secret);
  }
  expect(logs).not.toContain(WRONG);
});

test('the default command has the sandbox’s token in its environment, not in its arguments', async () => {
  const shown = tmpfleet(['node-agent', '--print-config'], { TMPFLEET_CONTROL_TOKEN: CONTROL });
  expect(await shown.ended).toBe(0);
  expect(shown.output()).not.toContain(CONTROL);
  const { JUPYTER_COMMAND } = await import('../../node-agent/engine/command.ts');
  expect(JUPYTER_COMMAND).not.toContain('{token}');
});

test.each(['TMPFLEET_CONTROL_TOKEN', 'TMPFLEET_API_TOKEN', 'TMPFLEET_SECRET'])(
  'one that is too short is refused without being shown: %s',
  async (name) => {
    const run = tmpfleet(['node-agent', '--engine', 'local', '--data-dir', join(dir, 'other')], {
      [name]: 'sh0rt-0ne',
    });
    expect(await run.ended).toBe(2);
    expect(run.output()).toContain(`${name}: invalid value (not shown)`);
    expect(run.output()).not.toContain('sh0rt-0ne');
  },
);

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
