// Sandboxes whose tar lies: what it sends goes through the node, and harms the download of its own reader only.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { header, padded, tarOf } from '../node-agent/home-files/tar.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { processesWith } from '../support/processes.ts';
import { type SpawnedSandbox, spawnSandbox } from '../support/program.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const MIB = 1024 ** 2;

/** In place of tar: does what a file in the home says. */
const FAKE = '#!/bin/sh\n[ -f "$HOME/lie" ] && . "$HOME/lie"\nexec /bin/tar "$@"\n';

/** How many processes each sandbox has by itself. */
const servers = new Map<string, number>();

let bin = '';
let agent: TestAgent;
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'tmpfleet-lie-'));
  writeFileSync(join(bin, 'tar'), FAKE);
  chmodSync(join(bin, 'tar'), 0o755);
});
afterAll(() => rmSync(bin, { recursive: true, force: true }));
afterEach(() => agent.close());

async function start(flags: Readonly<Record<string, string>> = {}) {
  agent = await startAgent({
    ...{ capacity: '2', extraEnv: `PATH=${bin}:/usr/bin:/bin`, saveTimeout: '3s' },
    ...{ saveSize: '8m', saveFiles: '1000', concurrentSaves: '1', ...flags },
  });
  await agent.warm(2);
  const both = await Promise.all([spawnSandbox(agent.url), spawnSandbox(agent.url)]);
  for (const each of both) servers.set(each.id, processesOf(each).length);
  return both;
}

const homeOf = ({ id }: SpawnedSandbox): string => join(agent.dataDir, 'local', id);

async function lie(sandbox: SpawnedSandbox, script: string, bytes: Buffer = Buffer.alloc(0)): Promise<void> {
  await writeFile(join(homeOf(sandbox), 'sent'), bytes);
  await writeFile(join(homeOf(sandbox), 'lie'), `cd "$HOME"\n${script}\n`);
}

/** The code of the refusal, `broken`, or how many bytes came. */
async function save({ base, headers }: SpawnedSandbox, format = 'tar.gz'): Promise<string | number> {
  const answer = await request(`${base}.tmpfleet/files.${format}`, { headers });
  if (answer.statusCode !== 200) {
    const { code } = (await answer.body.json()) as { code: string };
    return code;
  }
  try {
    return (await answer.body.arrayBuffer()).byteLength;
  } catch {
    return 'broken';
  }
}

const one = padded(Buffer.alloc(MIB, 'x'));
const file = (size: number, name = 'a'): Buffer => header({ name, size });
const VERSION = 'case "$1" in --version) exit;; esac\n';

test.each([
  ['noise for ever', `${VERSION}while :; do cat sent; done`, Buffer.alloc(MIB, 7), ['cannot-save']],
  ['files for ever', `${VERSION}while :; do cat sent; done`, Buffer.concat([file(MIB), one]), ['broken']],
  ['empty files for ever', `${VERSION}while :; do cat sent; done`, file(0), ['broken']],
  ['long names for ever', `${VERSION}while :; do cat sent; done`, longNames(), ['cannot-save']],
  ['a length that is a lie', `${VERSION}cat sent; exit`, Buffer.concat([file(4 * MIB), one]), ['broken']],
  ['a way out', `${VERSION}cat sent; exit`, tarOf([{ name: '../../x' }]), ['cannot-save']],
  ['nothing, and does not end', 'sleep 6543', Buffer.alloc(0), ['cannot-save']],
  ['a version without end', 'while :; do echo x; done', Buffer.alloc(0), ['cannot-save']],
  ['complaints for ever', `${VERSION}yes >&2`, Buffer.alloc(0), ['cannot-save']],
  [
    'that all is too large',
    'case "$1" in --version) echo GNU; exit;; esac\necho "Total bytes written: 99999999999999" >&2; cat sent; exit',
    tarOf([{ name: 'a' }]),
    ['cannot-save'],
  ],
])('a tar that sends %s ends, and the next reader is served', async (_, script, bytes, expected) => {
  const [liar, honest] = await start();
  const before = process.memoryUsage().rss;
  await lie(liar, script, bytes);
  await writeFile(join(homeOf(honest), 'mine'), 'x');
  const both = await Promise.all([save(liar), save(honest)]);
  expect(expected).toContain(both[0]);
  expect(both[1]).toBeGreaterThan(50);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
  await until('nothing is left running in the sandbox', () => isQuiet(liar));
});

test('a tar that goes on behind the end of its archive gives what came before, and is ended', async () => {
  const [liar] = await start();
  await lie(liar, `${VERSION}cat sent; while :; do cat sent; done`, tarOf([{ name: 'a', content: 'x' }]));
  expect(await save(liar)).toBeGreaterThan(50);
  await until('nothing is left running in the sandbox', () => isQuiet(liar));
});

test('what would be written through a link is left out', async () => {
  const [liar] = await start();
  const entries = [
    { name: 'out', type: '2', target: '/tmp' },
    { name: 'out/x', content: 'y'.repeat(600) },
    { name: 'out', content: 'z' },
  ];
  await lie(liar, `${VERSION}cat sent; exit`, tarOf(entries));
  const answer = await request(`${liar.base}.tmpfleet/files.zip`, { headers: liar.headers });
  const text = Buffer.from(await answer.body.arrayBuffer()).toString('latin1');
  expect([text.includes('out'), text.includes('out/x'), text.split('PK\u0001\u0002').length - 1]).toEqual([
    true,
    false,
    1,
  ]);
});

test('a reader who does not read on keeps no other from their files, and costs no memory', async () => {
  const [slow, honest] = await start({ concurrentSaves: '2', saveSize: '300m', saveTimeout: '1m' });
  const noise = Buffer.alloc(MIB);
  for (let at = 0; at < MIB; at += 4) noise.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at);
  const head = file(200 * MIB);
  await lie(
    slow,
    `${VERSION}head -c 512 sent; tail -c +513 sent >rest; while :; do cat rest; done`,
    Buffer.concat([head, noise]),
  );
  const before = process.memoryUsage().rss;
  const answer = await request(`${slow.base}.tmpfleet/files.tar.gz`, { headers: slow.headers });
  answer.body.on('error', () => undefined);
  await writeFile(join(homeOf(honest), 'mine'), 'x');
  expect(await save(honest)).toBeGreaterThan(50);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
  answer.body.destroy();
  await until('nothing is left running in the sandbox', () => isQuiet(slow));
});

function longNames(): Buffer {
  return Buffer.concat([
    header({ name: '././@LongLink', type: 'L', size: 512 }),
    padded(Buffer.alloc(512, 'n')),
  ]);
}

function processesOf({ id }: SpawnedSandbox): readonly number[] {
  return processesWith(join(agent.dataDir, 'local', id));
}

/** No more runs than its server. */
function isQuiet(sandbox: SpawnedSandbox): boolean {
  return processesOf(sandbox).length <= (servers.get(sandbox.id) ?? 0);
}
