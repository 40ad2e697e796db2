// Sandboxes whose answers are to reach the readers of others by the node's memory of static files: none does.
import { afterEach, expect, test } from 'vitest';
import { createSandbox, type Sandbox, SandboxTable } from '../../node-agent/sandboxes/table.ts';
import { StaticCache } from '../../node-agent/static-cache/static-cache.ts';
import { systemClock } from '../../shared/clock.ts';
import { startHttp } from '../node-agent/proxy/bed.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { fetchRaw, hashed, STATIC_COMMAND, StaticReader, staticMetric } from '../support/static-site.ts';
import { createTestLog } from '../support/test-logger.ts';
import { until } from '../support/until.ts';

const APP = 'static/app.js';
const POISON = 'alert("poison")';
const AS_USUAL = { 'content-type': 'application/javascript', 'cache-control': 'max-age=86400' };
const MIB = 1024 ** 2;

const agents: TestAgent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
});

async function start(flags: Readonly<Record<string, string>>): Promise<TestAgent> {
  const agent = await startAgent({ command: STATIC_COMMAND, ...flags });
  agents.push(agent);
  return agent;
}

test.each([
  ['other bytes', { headers: AS_USUAL, body: POISON }],
  ['a cookie', { headers: { ...AS_USUAL, 'set-cookie': 'session=mine' }, body: POISON }],
  ['an answer that varies', { headers: { ...AS_USUAL, vary: 'Cookie' }, body: POISON }],
  ['a private answer', { headers: { ...AS_USUAL, 'cache-control': 'private' }, body: POISON }],
  ['an answer that never ends', { headers: AS_USUAL, mode: 'endless' }],
  ['an answer that never begins', { mode: 'silent' }],
  ['an answer that comes a byte at a time', { headers: AS_USUAL, mode: 'slow' }],
  ['an answer that breaks off', { headers: AS_USUAL, body: POISON, mode: 'broken' }],
])('a sandbox that a reader holds gives nothing to other readers: %s', async (_, answer) => {
  const agent = await start({ capacity: '5', warm: '3' });
  await agent.warm(3);
  const attacker = await StaticReader.arrive(agent);
  await attacker.tell(APP, answer);
  await attacker.tell(hashed('new'), answer);
  // They ask first, again and again, for a file of the image and for one that is only theirs.
  for (let time = 0; time < 3; time += 1) for (const path of [APP, hashed('new')]) await attacker.begin(path);
  const victim = await StaticReader.arrive(agent);
  const got = await victim.untilLearnt(APP);
  expect(got.body.toString()).toContain('the same in every sandbox');
  expect(got.headers['set-cookie']).toBeUndefined();
  expect((await victim.get(hashed('new'))).status).toBe(404);
  expect(await staticMetric(agent, 'learnt_total{outcome="kept"')).toBe(1);
});

test('a sandbox that was given out and came back is not believed', async () => {
  const agent = await start({ capacity: '3', warm: '3' });
  await agent.warm(3);
  const [honest] = agent.pool.table.inState('warm').slice(-1);
  const claim = { waitMs: 0, signal: new AbortController().signal, by: 'reader' } as const;
  const tampered: Sandbox[] = [];
  for (let n = 0; n < 2; n += 1) {
    const sandbox = await agent.pool.claim(claim);
    if (sandbox === undefined) throw new Error('none is warm');
    const { host, port } = sandbox.address ?? { host: '', port: 0 };
    const body = JSON.stringify({ [APP]: { headers: AS_USUAL, body: POISON } });
    await fetchRaw(`http://${host}:${port}/user/${sandbox.id}/tell`, {}, 'POST', body);
    tampered.push(sandbox);
  }
  for (const sandbox of tampered) agent.pool.release(sandbox);
  expect(agent.pool.table.counts()).toMatchObject({ warm: 3 });
  const reader = await StaticReader.arrive(agent);
  await reader.get(APP);
  await until(
    'another one is waited for',
    async () => (await staticMetric(agent, 'learnt_total{outcome="later"')) > 0,
  );
  // Two give the same poison, and neither was asked.
  expect(await staticMetric(agent, 'bytes')).toBe(0);
  expect(honest?.state).toBe('warm');
});

test('a sandbox that gets its reader while it is asked is not believed', async () => {
  const path = hashed('late');
  const agent = await start({ capacity: '3', warm: '1' });
  await agent.warm(1);
  const first = await StaticReader.arrive(agent);
  await agent.warm(1);
  const [asked] = agent.pool.table.inState('warm');
  await first.begin(path);
  const { host, port } = asked?.address ?? { host: '', port: 0 };
  const count = async (): Promise<number> => {
    const answer = await fetchRaw(`http://${host}:${port}/user/${asked?.id}/asked`, {});
    return JSON.parse(answer.body.toString())[path] ?? 0;
  };
  await until('it is asked', async () => (await count()) > 0);
  const attacker = await StaticReader.arrive(agent);
  expect(attacker.id).toBe(asked?.id);
  // Its server has waited for this with the answer to the node.
  await attacker.tell(path, { headers: AS_USUAL, body: POISON });
  await until(
    'its answer has come',
    async () => (await staticMetric(agent, 'learnt_total{outcome="later"')) > 0,
  );
  expect(await staticMetric(agent, 'learnt_total{outcome="kept"')).toBe(0);
  expect(await staticMetric(agent, 'bytes')).toBe(0);
});

test('a sandbox of an earlier run of the agent is not believed', async () => {
  const first = await start({ capacity: '3', warm: '3', ephemeral: 'false' });
  await first.warm(3);
  await first.stop();
  agents.length = 0;
  const second = await start({ capacity: '3', warm: '3', dataDir: first.dataDir });
  await second.warm(3);
  const reader = await StaticReader.arrive(second);
  await reader.get(APP);
  await until(
    'none can be asked',
    async () => (await staticMetric(second, 'learnt_total{outcome="later"')) > 0,
  );
  expect((await reader.get(APP)).isFromMemory).toBe(false);
});

test('a stranger gets nothing from memory, and nobody gets anything for a sandbox that has ended', async () => {
  const agent = await start({ capacity: '4', warm: '3' });
  await agent.warm(3);
  const reader = await StaticReader.arrive(agent);
  await reader.untilLearnt(APP);
  const url = `${agent.url}/user/${reader.id}/${APP}`;
  const hits = await staticMetric(agent, 'requests_total{result="hit"');
  for (const headers of [
    {},
    { cookie: 'tmpfleet=wrong' },
    { authorization: 'token wrong' },
    { range: 'bytes=0-9' },
  ])
    expect((await fetchRaw(url, { ...headers })).status).toBe(403);
  expect((await fetchRaw(`${agent.url}/user/${'0'.repeat(40)}/${APP}`, {})).status).toBe(404);
  expect(agent.pool.end(reader.id, 'deleted')).toBe(true);
  expect((await reader.get(APP)).status).toBe(404);
  expect(await staticMetric(agent, 'requests_total{result="hit"')).toBe(hits);
});

test('a reader who makes up addresses costs unclaimed sandboxes little, and others none of the memory', async () => {
  const agent = await start({ capacity: '4', warm: '3', staticCache: '1m' });
  await agent.warm(3);
  const reader = await StaticReader.arrive(agent);
  await reader.untilLearnt(APP);
  for (let n = 0; n < 1_000; n += 1) {
    const version = n.toString(16).padStart(64, '0');
    await reader.get(n % 2 === 0 ? `static/none-${n}.js` : `${APP}?v=${version}`);
  }
  await until('nothing more is learnt', async () => (await staticMetric(agent, 'learning')) === 0);
  expect(await staticMetric(agent, 'learnt_total{outcome="refused"')).toBeLessThanOrEqual(300);
  expect((await reader.get(APP)).isFromMemory).toBe(true);
});

test('files of two images, or of two recipes, never mix', async () => {
  const table = new SandboxTable();
  /** Three unclaimed sandboxes and a held one of that image, each a server of its own. */
  const run = async (image: string, recipe: string): Promise<Sandbox> => {
    const made: Sandbox[] = [];
    for (let n = 0; n < 4; n += 1) {
      const server = await startHttp((_, response) => {
        response.writeHead(200, AS_USUAL).end(`export const from = "${image} ${recipe}";`);
      });
      const sandbox = createSandbox({ image, recipe, createdAt: 0 });
      sandbox.address = { host: '127.0.0.1', port: server.port };
      table.add(sandbox);
      table.move(sandbox, 'warm');
      made.push(sandbox);
    }
    const [held] = made;
    if (held === undefined) throw new Error('none was made');
    table.move(held, 'claimed');
    return held;
  };
  const readers = [await run('old', 'one'), await run('new', 'one'), await run('new', 'two')];
  const { logger } = createTestLog();
  const cache = new StaticCache({
    ...{ maxBytes: 4 * MIB, table, place: { stripPrefix: false }, clock: systemClock, logger },
  });
  const ask = ({ id }: Sandbox): string | undefined =>
    cache.answer({ method: 'GET', headers: {} }, id, `/user/${id}/${APP}`)?.body?.toString();
  for (const reader of readers) await until('it is learnt', () => ask(reader) !== undefined);
  expect(readers.map(ask)).toEqual(
    ['old one', 'new one', 'new two'].map((from) => `export const from = "${from}";`),
  );
  cache.close();
});
