// The files of a sandbox at its own address: who gets them, which, and within which limits.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { processesWith } from '../../support/processes.ts';
import { spawnSandbox } from '../../support/program.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const SAME_ORIGIN = {
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

let agent: TestAgent;
let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tmpfleet-files-'));
});
afterEach(async () => {
  await agent?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const homeOf = (id: string): string => join(agent.dataDir, 'local', id);

async function open(flags: Readonly<Record<string, string | boolean>> = {}) {
  agent = await startAgent({ capacity: '2', keepBusy: false, ...flags });
  await agent.warm(2);
  const { sandbox: id = '', own } = await new Reader().click(`${agent.url}/`);
  const base = `${agent.url}/user/${id}/.tmpfleet/`;
  const ask = (name: string, headers: Record<string, string> = { ...own, ...SAME_ORIGIN }) =>
    request(`${base}${name}`, { headers });
  return { id, own, base, home: homeOf(id), ask };
}

/** Names in a `.tar.gz`, without directories. */
async function namesIn(body: { arrayBuffer(): Promise<ArrayBuffer> }): Promise<readonly string[]> {
  const file = join(scratch, 'x.tar.gz');
  await writeFile(file, Buffer.from(await body.arrayBuffer()));
  const { stdout } = await promisify(execFile)('tar', ['-tzf', file]);
  return stdout
    .trim()
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('/'))
    .sort();
}

test('its owner gets what they have made, as a file to keep, and with ?all=1 everything', async () => {
  const { home, ask } = await open();
  await writeFile(join(home, 'mine'), 'x');
  // As of a time before the claim; unlike a date, this cannot be made up in a sandbox.
  const claimed = agent.pool.table.all().find(({ claimedAt }) => claimedAt !== undefined);
  await until('the next second', () => Date.now() > (claimed?.claimedAt ?? 0) + 3_000);
  await writeFile(join(home, 'new'), 'y');
  await symlink('new', join(home, 'link'));
  await utimes(join(home, 'new'), 1e9, 1e9);
  const zip = await ask('files.zip');
  expect(zip.statusCode).toBe(200);
  expect(zip.headers).toMatchObject({
    'content-type': 'application/zip',
    'content-disposition': expect.stringMatching(/^attachment; filename="notebook-[0-9a-f]{8}\.zip"$/),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(
    Buffer.from(await zip.body.arrayBuffer())
      .subarray(0, 4)
      .toString('latin1'),
  ).toBe('PK\u0003\u0004');
  expect(await namesIn((await ask('files.tar.gz')).body)).toEqual(['./link', './mine', './new']);
  if (claimed !== undefined) claimed.claimedAt = agent.pool.time.now();
  expect(await namesIn((await ask('files.tar.gz')).body)).toEqual(['./link', './new']);
  expect(await namesIn((await ask('files.tar.gz?all=1')).body)).toEqual(['./link', './mine', './new']);
});

test('a stranger, another reader and a page of another site get nothing', async () => {
  const { base, own, ask } = await open();
  const other = await new Reader().click(`${agent.url}/`);
  for (const headers of [{}, other.own, { ...other.own, ...SAME_ORIGIN }, { authorization: 'token 0' }]) {
    const answer = await request(`${base}files.zip`, { headers });
    expect(answer.statusCode).toBe(403);
    await answer.body.dump();
  }
  for (const site of ['cross-site', 'same-site']) {
    const answer = await ask('files.zip', { ...own, ...SAME_ORIGIN, 'sec-fetch-site': site });
    expect([site, answer.statusCode]).toEqual([site, 403]);
    await answer.body.dump();
  }
  expect((await request(`${base}files.zip`, { method: 'POST', headers: own })).statusCode).toBe(405);
});

test('a program with the key gets the files of its sandbox, also where there is no companion', async () => {
  agent = await startAgent({ capacity: '1', companion: false });
  await agent.warm(1);
  const { base, id, headers } = await spawnSandbox(agent.url);
  await writeFile(join(homeOf(id), 'made'), 'x');
  expect(await namesIn((await request(`${base}.tmpfleet/files.tar.gz`, { headers })).body)).toEqual([
    './made',
  ]);
  // What is not ours is the sandbox's.
  expect(await (await request(`${base}.tmpfleet/other`, { headers })).body.text()).toBe('ok');
});

test.each([
  ['bytes', { saveSize: '1m' }, '--save-size'],
  ['files', { saveFiles: '20' }, '--save-files'],
])(
  'more %s than the limit are refused with the reason, or break the answer off',
  async (what, flags, option) => {
    const { home, ask } = await open(flags);
    if (what === 'bytes') await writeFile(join(home, 'big'), Buffer.alloc(2 * 1024 ** 2, 'x'));
    else for (let n = 0; n < 30; n += 1) await writeFile(join(home, String(n)), '');
    const answer = await ask('files.zip');
    if (answer.statusCode === 200) {
      await expect(answer.body.arrayBuffer()).rejects.toThrow();
      await until('the log says why', () => agent.log().includes(option));
    } else {
      expect([answer.statusCode, await answer.body.json()]).toEqual([
        409,
        expect.objectContaining({ code: 'cannot-save', message: expect.stringContaining(option) }),
      ]);
    }
  },
);

test('a reader who leaves ends tar in the sandbox; the same files are sent once at a time', async () => {
  const { home, id, ask } = await open({ concurrentSaves: '1' });
  await mkdir(join(home, 'd'));
  // Noise does not shrink, so that the connection fills up.
  const noise = Buffer.alloc(60 * 1024 ** 2);
  for (let at = 0; at < noise.length; at += 4)
    noise.writeUInt32LE(Math.imul(at + 1, 2_654_435_761) >>> 0, at);
  await writeFile(join(home, 'd/big'), noise);
  const slow = await ask('files.tar.gz');
  const running = (): readonly number[] => processesWith(join('local', id)).filter((pid) => isTar(pid));
  await until('tar runs', () => running().length > 0);
  const second = await ask('files.zip');
  expect([second.statusCode, second.headers['retry-after']]).toEqual([503, '10']);
  await second.body.dump();
  slow.body.destroy();
  slow.body.on('error', () => undefined);
  await until('tar is gone', () => running().length === 0);
  const third = await until('it may be asked again', async () => {
    const answer = await ask('files.tar.gz');
    if (answer.statusCode === 200) return answer;
    await answer.body.dump();
    return undefined;
  });
  expect(await namesIn(third.body)).toEqual(['./d/big']);
});

test('who has all may ask again at once', async () => {
  const { ask } = await open();
  for (let round = 0; round < 20; round += 1) {
    const answer = await ask('files.zip');
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
  }
});

test('other readers wait for their turn, and get it', async () => {
  const { own, base, home } = await open({ concurrentSaves: '1' });
  await writeFile(join(home, 'a'), 'x');
  const other = await new Reader().click(`${agent.url}/`);
  const otherBase = `${agent.url}/user/${other.sandbox}/.tmpfleet/`;
  const answers = await Promise.all([
    request(`${base}files.tar.gz`, { headers: { ...own, ...SAME_ORIGIN } }),
    request(`${otherBase}files.tar.gz`, { headers: { ...other.own, ...SAME_ORIGIN } }),
  ]);
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  await Promise.all(answers.map(({ body }) => body.dump()));
});

function isTar(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'tar\n';
  } catch {
    return false;
  }
}
