// The pool's size at run time: an operator's setting applies at once, ends no reader, and survives a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

const answerSchema = z.object({
  capacity: z.number().optional(),
  fleet: z.object({ paused: z.boolean(), held: z.number() }).optional(),
  message: z.string().optional(),
  pool: z
    .object({
      ...{ capacity: z.number(), warm: z.union([z.number(), z.literal('all')]), paused: z.boolean() },
      ...{ stale: z.number(), warm_wanted: z.number() },
      configured: z.object({ capacity: z.number(), warm: z.union([z.number(), z.literal('all')]) }),
    })
    .optional(),
});

let dataDir = '';
let agent: TestAgent | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-size-'));
});
afterEach(async () => {
  await agent?.close();
  agent = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

/** Stops the running agent, and starts another in its data directory. */
async function start(flags: Readonly<Record<string, string>> = {}): Promise<TestAgent> {
  await agent?.close();
  agent = undefined;
  agent = await startAgent({ dataDir, capacity: '3', ...flags });
  return agent;
}

async function ask({ controlUrl }: TestAgent, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${controlUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, ...answerSchema.parse(await answer.json()) };
}
const resize = (at: TestAgent, body: unknown) => ask(at, 'POST', '/api/pool/resize', body);

describe('a resize', () => {
  test('grows and shrinks the pool at once, without ending and restarting all', async () => {
    const node = await start();
    await node.warm(3);
    expect(await resize(node, { capacity: 5 })).toMatchObject({ status: 200, capacity: 5 });
    await node.warm(5);
    const { pool } = await resize(node, { capacity: 2 });
    expect(pool).toMatchObject({ capacity: 2, configured: { capacity: 3, warm: 'all' } });
    expect(node.pool.status()).toMatchObject({ warm: 2, removing: 3 });
    await until('the rest is gone', () => node.pool.status().removing === 0);
    expect(node.pool.status()).toMatchObject({ warm: 2, starting: 0 });
    expect(await (await fetch(`${node.controlUrl}/metrics`)).text()).toMatch(/^tmpfleet_capacity\S* 2$/m);
  });

  test('ends no reader: with fewer slots than readers the node takes no new ones', async () => {
    const node = await start({ capacity: '2', warm: '2' });
    await node.warm(2);
    const readers = [new Reader(), new Reader()];
    const landings = await Promise.all(readers.map((reader) => reader.click(`${node.url}/`)));
    expect(landings.map(({ status }) => status)).toEqual([200, 200]);
    expect(await resize(node, { capacity: 1 })).toMatchObject({
      fleet: { held: 2 },
      pool: { warm_wanted: 0 },
    });
    expect((await new Reader().click(`${node.url}/`)).status).toBe(503);
    for (const [index, reader] of readers.entries())
      expect((await reader.click(landings[index]?.url ?? '')).status).toBe(200);
    expect(node.pool.status().held).toBe(2);
  });

  test('survives a restart, until the option that it overrides changes', async () => {
    await resize(await start({ warm: '1' }), { capacity: 4, warm: 2 });
    expect((await ask(await start({ warm: '1' }), 'GET', '/api/status')).pool).toMatchObject({
      ...{ capacity: 4, warm: 2, configured: { capacity: 3, warm: 1 } },
    });
    // A changed --warm is newer than the resize; --capacity did not change.
    const third = await start({ warm: '0' });
    expect((await ask(third, 'GET', '/api/status')).pool).toMatchObject({ capacity: 4, warm: 0 });
    // And the old --warm does not bring it back.
    const fourth = await start({ warm: '1' });
    expect((await ask(fourth, 'GET', '/api/status')).pool).toMatchObject({ capacity: 4, warm: 1 });
    expect((await resize(fourth, { capacity: null })).pool).toMatchObject({ capacity: 3, warm: 1 });
  });

  test.each([
    [{}, /neither capacity nor warm/],
    [undefined, /the whole/],
    [{ capacity: 0 }, /capacity: .*\(was: 0\)/],
    [{ capacity: 'many' }, /capacity: .*\(was: "many"\)/],
    [{ warm: -1 }, /warm: .*\(was: -1\)/],
    [{ capcity: 3 }, /capcity/],
    [{ warm: 4 }, /warm: 4 is more than the capacity, which is 3/],
  ])('of %j is refused, and changes nothing', async (body, message) => {
    const node = await start({ warm: '0' });
    expect(await resize(node, body)).toMatchObject({ status: 400, message: expect.stringMatching(message) });
    expect((await ask(node, 'GET', '/api/status')).pool).toMatchObject({ capacity: 3, warm: 0 });
  });
});

describe('a paused pool', () => {
  test('gives out warm ones, starts none, reports the pause, and goes on when resumed', async () => {
    const node = await start({ capacity: '3', warm: '1', claimWait: '1s' });
    await node.warm(1);
    expect(await ask(node, 'POST', '/api/pool/pause')).toMatchObject({
      status: 200,
      fleet: { paused: true },
    });
    expect((await new Reader().click(`${node.url}/`)).status).toBe(200);
    expect((await new Reader().click(`${node.url}/`)).status).toBe(503);
    expect(node.pool.status()).toMatchObject({ held: 1, warm: 0, starting: 0 });
    expect(await (await fetch(`${node.controlUrl}/metrics`)).text()).toMatch(/^tmpfleet_pool_paused\S* 1$/m);
    const again = await start({ capacity: '3', warm: '1' });
    expect((await ask(again, 'GET', '/api/status')).pool).toMatchObject({ paused: true });
    expect(again.pool.status()).toMatchObject({ warm: 0, starting: 0 });
    await ask(again, 'POST', '/api/pool/resume');
    await again.warm(1);
  });

  test('keeps stale ones until it is resumed', async () => {
    const node = await start({ capacity: '2' });
    await node.warm(2);
    const before = new Set(node.pool.table.all().map(({ id }) => id));
    await ask(node, 'POST', '/api/pool/pause');
    await ask(node, 'DELETE', '/api/pool');
    expect((await ask(node, 'GET', '/api/status')).pool).toMatchObject({ stale: 2, warm_wanted: 2 });
    expect(node.pool.status().warm).toBe(2);
    await ask(node, 'POST', '/api/pool/resume');
    await until('all are new', () => {
      const all = node.pool.table.all();
      return all.length === 2 && all.every(({ id, state }) => state === 'warm' && !before.has(id));
    });
    expect((await ask(node, 'GET', '/api/status')).pool).toMatchObject({ stale: 0 });
  });
});
