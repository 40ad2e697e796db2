// `tmpfleet pool …` and `tmpfleet sandbox …` as an operator types them, at a real node-agent that also restarts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type PoolStatusJson, poolStatusSchema } from '../../../shared/api/pool.ts';
import { auditSchema } from '../../../shared/api/registry.ts';
import { sandboxSchema } from '../../../shared/api/sandbox.ts';
import { freePlaces, type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { run, runJson } from '../run.ts';

// A test runs several commands one after another; each starts a Node process.
vi.setConfig({ testTimeout: 240_000 });

const TOKEN = 'a-token-of-the-control-listener';
let dir = '';
let agent: Run;
let env: Record<string, string> = {};

/** Starts an agent in the data directory of the last one. */
async function start(flags: readonly string[] = []): Promise<void> {
  const places = freePlaces(join(dir, 'data'));
  agent = tmpfleet(
    [
      'node-agent',
      '--node-id',
      'pool1',
      '--engine',
      'local',
      '--capacity',
      '3',
      '--warm',
      '2',
      ...places,
      ...flags,
    ],
    { TMPFLEET_CONTROL_TOKEN: TOKEN },
  );
  const [, control = ''] = await agent.printed(/"control":"(http:[^"]+)"/, 60_000);
  env = { TMPFLEET_NODE: control, TMPFLEET_CONTROL_TOKEN: TOKEN };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-pool-'));
  await start(['--ephemeral']);
});
afterAll(async () => {
  await agent?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function ask(path: string): Promise<unknown> {
  const answer = await fetch(`${env.TMPFLEET_NODE}${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return answer.json();
}
const status = async (): Promise<PoolStatusJson> => poolStatusSchema.parse(await ask('/api/status'));
const sandboxes = async () => z.array(sandboxSchema).parse(await ask('/api/sandboxes'));
const warm = (count: number) =>
  until(
    `${count} are warm`,
    async () => {
      const { fleet } = await status();
      return fleet.warm === count && fleet.starting === 0 && fleet.removing === 0;
    },
    60_000,
  );
const pool = (...args: string[]) => run(['pool', ...args], env);

describe('tmpfleet pool', () => {
  test('resizes at run time, shows what is configured, and the node keeps it over a restart', async () => {
    await warm(2);
    const { code, out } = await pool('resize', '--capacity', '5', '--warm', '3');
    expect(code).toBe(0);
    expect(out).toContain('pool1: 5 slots (configured: 3), 3 kept ready (configured: 2)\nnow: ');
    await warm(3);
    expect(await agent.stop()).toBe(0);
    await start(['--ephemeral']);
    expect(await runJson(['pool', 'status'], env)).toMatchObject({
      pool: { capacity: 5, warm: 3, configured: { capacity: 3, warm: 2 } },
    });
    expect((await pool('resize', '--reset')).out).toMatch(/^pool1: 3 slots, 2 kept ready\n/);
  });

  test.each([
    [['--warm', '9'], 3, /warm: 9 is more than the capacity, which is 3/],
    [['--capacity', 'many'], 2, /'many' is invalid. Expected a whole number from 1 to 10000/],
    [[], 2, /neither --capacity nor --warm/],
  ])('refuses resize %j with exit code %d', async (flags, code, message) => {
    expect(await pool('resize', ...flags)).toMatchObject({ code, err: expect.stringMatching(message) });
  });

  test('recycles: shows the progress, and replaces every unclaimed sandbox', async () => {
    await warm(2);
    const before = new Set((await sandboxes()).map(({ id }) => id));
    const { code, out, err } = await pool('recycle', '--wait');
    expect({ code, out }).toEqual({ code: 0, out: '2 sandboxes gave way; 2 new ones are ready\n' });
    // The first look may come after one has gone already.
    expect(err).toMatch(/^[012] old left, \d of 2 ready/);
    expect(err).toContain('0 old left, 2 of 2 ready');
    expect((await sandboxes()).filter(({ id }) => before.has(id))).toEqual([]);
  });

  test('starts and recycles nothing while paused, until it is resumed', async () => {
    await warm(2);
    expect((await pool('pause')).out).toContain('paused: nothing is started');
    expect(await pool('recycle', '--wait')).toMatchObject({
      code: 5,
      err: expect.stringContaining('the pool is paused, so nothing is replaced; run tmpfleet pool resume'),
    });
    expect((await status()).fleet).toMatchObject({ warm: 2, paused: true });
    expect((await pool('resume')).code).toBe(0);
    await until('all were replaced', async () => (await status()).pool.stale === 0, 60_000);
    await warm(2);
  });
});

describe('tmpfleet sandbox', () => {
  test('lists sandboxes with short ids, by state, and ends those named by a prefix', async () => {
    await warm(2);
    const [first, second] = (await sandboxes()).map(({ id }) => id);
    const listed = await run(['sandbox', 'ls', '--state', 'warm'], env);
    expect(listed.out).toMatch(/^ID +STATE +AGE +CLAIMED +LAST USE +CLICK +ENGINE ADDRESS +IMAGE\n/);
    expect(listed.out).toContain(`\n${first?.slice(0, 8)}  warm `);
    expect(listed.out).not.toContain(first);
    // With one unknown name, none is ended.
    const refused = await run(['sandbox', 'rm', first ?? '', 'nothing-like-it'], env);
    expect(refused).toMatchObject({
      code: 3,
      err: expect.stringContaining(`there are: ${first?.slice(0, 8)}`),
    });
    expect((await sandboxes()).map(({ state }) => state)).toEqual(['warm', 'warm']);
    expect(await run(['sandbox', 'rm', first?.slice(0, 8) ?? ''], env)).toMatchObject({
      ...{ code: 0, out: `${first?.slice(0, 8)} ends (deleted)\n` },
    });
    await until('another takes its place', async () => {
      const now = await sandboxes();
      return now.length === 2 && now.every(({ id, state }) => id !== first && state === 'warm');
    });
    expect((await sandboxes()).map(({ id }) => id)).toContain(second);
  });

  test('that is ended is in the audit of the node, with who ordered it, refused orders too', async () => {
    await run(['pool', 'resize', '--capacity', '4'], { ...env, USER: 'ada', SUDO_USER: 'ada' });
    await fetch(`${env.TMPFLEET_NODE}/api/sandboxes/none`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    const entries = auditSchema.parse(await runJson(['pool', 'audit'], env));
    expect(entries.slice(0, 2)).toMatchObject([
      {
        node: 'pool1',
        what: 'DELETE /api/sandboxes/none',
        status: 404,
        message: expect.stringContaining('none'),
      },
      {
        node: 'pool1',
        actor: expect.stringMatching(/^ada@/),
        what: 'POST /api/pool/resize',
        body: { capacity: 4 },
        status: 200,
      },
    ]);
    // No whole id is kept.
    expect(entries.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/^DELETE \/api\/sandboxes\/\w{8}…$/),
    );
    await run(['pool', 'resize', '--reset'], env);
  });
});

test('an error says that a token is missing or wrong, and where it came from', async () => {
  const place = { TMPFLEET_NODE: env.TMPFLEET_NODE ?? '' };
  expect(await run(['pool', 'status'], place)).toMatchObject({
    ...{ code: 3, err: expect.stringMatching(/requires a token, and none was given.*--control-token-file/) },
  });
  const file = join(dir, 'token');
  writeFileSync(file, 'another-token-altogether\n', { mode: 0o600 });
  expect((await run(['pool', 'status', '--control-token-file', file], place)).err).toContain(
    `refuses the token of ${file}`,
  );
  writeFileSync(file, `${TOKEN}\n`);
  expect((await run(['pool', 'status', '--control-token-file', file], place)).code).toBe(0);
  expect(await run(['pool', 'status', '--control-token-file', join(dir, 'none')], place)).toMatchObject({
    code: 2,
  });
});
