// Two fronts, as processes, over one Redis: an order at one takes effect at the other, and no fault of Redis costs
// a reader anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { nodesSchema } from '../../shared/api/node.ts';
import { auditEntrySchema, registryStatusSchema } from '../../shared/api/registry.ts';
import { Authority } from '../lab/debian/authority.ts';
import { describeNeeding } from '../lab/needs.ts';
import { type RedisLab, startRedis } from '../lab/redis.ts';
import { post, SECRET, TestNode } from '../redirector/support.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const PASSWORD = 'of-the-registry-of-the-test';

interface Front {
  readonly run: Run;
  readonly url: string;
  readonly control: string;
  status(): Promise<z.infer<typeof registryStatusSchema>>;
  /** Where a reader is sent; undefined when nowhere. */
  click(): Promise<string | undefined>;
}

describeNeeding(['redis'], 'fronts that share a Redis', ({ redis }) => {
  let lab: RedisLab;
  let dir: string;
  /** The processes of the fronts. */
  let env: Record<string, string>;
  const runs: Run[] = [];
  const nodes: TestNode[] = [];
  beforeEach(async () => {
    lab = await startRedis(redis.executablePath, { password: PASSWORD });
    env = { TMPFLEET_SECRET: SECRET, TMPFLEET_REGISTRY_PASSWORD: PASSWORD };
    dir = mkdtempSync(join(tmpdir(), 'tmpfleet-shared-'));
  });
  afterEach(async () => {
    await Promise.all([...runs.splice(0).map((run) => run.stop()), ...nodes.splice(0).map((n) => n.close())]);
    await lab.forget();
    rmSync(dir, { recursive: true, force: true });
  });

  async function front(name: string, ...flags: readonly string[]): Promise<Front> {
    const run = tmpfleet(
      [
        ...['redirector', '--redirector-id', name, '--registry', lab.url, '--data-dir', join(dir, name)],
        ...['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'],
        ...['--poll-interval', '100ms', '--unreachable-interval', '200ms', '--hold-for', '0', ...flags],
      ],
      env,
    );
    runs.push(run);
    const [, url = '', control = ''] = await run.printed(
      /"url":"(http:[^"]+)","control":"(http:[^"]+)".*redirector is up/,
    );
    return {
      ...{ run, url, control },
      status: async () => registryStatusSchema.parse(await (await fetch(`${control}/api/registry`)).json()),
      click: async () => {
        // On a new connection, so that any worker may get it.
        const headers = { connection: 'close' };
        const answer = await fetch(`${url}/tree`, { redirect: 'manual', headers });
        const where = answer.headers.get('location');
        return where === null ? undefined : new URL(where).origin;
      },
    };
  }
  async function node(): Promise<TestNode> {
    const opened = await new TestNode({ warm: 10_000, capacity: 10_000 }).open();
    nodes.push(opened);
    return opened;
  }
  const add = async (at: Front, { url }: TestNode): Promise<void> => {
    const answer = await post(`${at.control}/api/nodes`, { url, probe: false });
    expect([answer.status, await answer.text()]).toEqual([201, expect.any(String)]);
  };
  const metric = async (at: Front, name: string): Promise<string | undefined> =>
    new RegExp(`^${name}\\{.*\\} (\\d+)$`, 'm').exec(
      await (await fetch(`${at.control}/metrics`)).text(),
    )?.[1];
  const state = (at: Front, wanted: string) =>
    until(`the registry is ${wanted}`, async () => (await at.status()).state === wanted);

  test('a node added at one serves at the other within a second; one removed is gone', async () => {
    const [one, other] = [await front('one'), await front('other')];
    const first = await node();
    const begun = performance.now();
    await add(one, first);
    await until('the other sends readers there', async () => (await other.click()) === first.url);
    const took = performance.now() - begun;
    process.stderr.write(`a node added at one front served at the other after ${Math.round(took)} ms\n`);
    // Far above the usual time: a busy machine is no failure. The time is printed.
    expect(took).toBeLessThan(10_000);
    const second = await node();
    await add(other, second);
    await until('the first sends readers there', async () => (await one.click()) === second.url);
    const { nodes } = nodesSchema.parse(await (await fetch(`${other.control}/api/nodes`)).json());
    const id = nodes.find(({ url }) => url === first.url)?.id ?? '';
    const headers = { 'Tmpfleet-Actor': 'ada@bastion' };
    expect((await fetch(`${other.control}/api/nodes/${id}`, { method: 'DELETE', headers })).status).toBe(200);
    await until('it is gone at the first', async () => (await one.status()).nodes === 1);
    for (let clicks = 0; clicks < 20; clicks += 1) expect(await one.click()).toBe(second.url);

    const trail = z
      .array(auditEntrySchema)
      .parse(await (await fetch(`${one.control}/api/audit?limit=3`)).json());
    expect(trail.map(({ redirector, what, status, actor }) => [redirector, what, status, actor])).toEqual([
      ['other', `DELETE /api/nodes/${id}`, 200, 'ada@bastion'],
      ['other', 'POST /api/nodes', 201, ''],
      ['one', 'POST /api/nodes', 201, ''],
    ]);
    expect(trail[2]?.body).toEqual({ url: first.url, probe: false });
  });

  test('Redis is killed, hung, started again: both go on, refuse changes, and use it when back', async () => {
    const [one, other] = [await front('one'), await front('other')];
    const [first, second] = [await node(), await node()];
    await add(one, first);
    await until(
      'both serve',
      async () => (await one.click()) !== undefined && (await other.click()) !== undefined,
    );
    await lab.stop('SIGTERM');
    for (const each of [one, other]) {
      await state(each, 'unreachable');
      expect(await metric(each, 'tmpfleet_registry_reachable')).toBe('0');
      expect(each.run.output()).toMatch(/the registry cannot be reached; going on with the nodes last known/);
      for (let clicks = 0; clicks < 20; clicks += 1) expect(await each.click()).toBe(first.url);
      const answer = await post(`${each.control}/api/nodes`, { url: second.url, probe: false });
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({
        code: 'registry-unreachable',
        message: expect.stringMatching(/the registry at redis:.* cannot be reached/),
        remedy: expect.stringContaining('see that Redis runs there'),
      });
      expect((await fetch(`${each.control}/api/audit`)).status).toBe(503);
      expect((await fetch(`${each.control}/readyz`)).status).toBe(200);
    }
    // Started while Redis is away, with the last known nodes.
    await other.run.stop();
    const again = await front('other');
    expect(again.run.output()).toMatch(/the registry cannot be reached/);
    await until('it serves', async () => (await again.click()) === first.url);

    await lab.start();
    for (const each of [one, again]) await state(each, 'current');
    await add(again, second);
    await until('the first knows', async () => (await one.status()).nodes === 2);

    process.kill(lab.pid, 'SIGSTOP');
    // Both: one that had not noticed yet would do so after Redis is back.
    for (const each of [one, again]) await state(each, 'unreachable');
    expect(await one.click()).toBeDefined();
    process.kill(lab.pid, 'SIGCONT');
    await state(one, 'current');
    for (const each of [one, again]) {
      expect(each.run.output()).not.toContain(PASSWORD);
      await until('it says so', async () => (await metric(each, 'tmpfleet_registry_reachable')) === '1');
    }
  });

  test('--nodes takes effect once Redis answers, and a start without Redis works', async () => {
    await lab.stop();
    const configured = await node();
    const { run, click, status } = await front('one', '--nodes', configured.url);
    expect(run.output()).toMatch(/the nodes of --nodes will be added when the registry can be changed/);
    expect(await click()).toBeUndefined();
    await lab.start();
    await until('it serves', async () => (await click()) === configured.url);
    expect((await status()).nodes).toBe(1);
  });

  test('by TLS: an untrusted authority is reported, a trusted one serves', async () => {
    await lab.forget();
    const authority = await Authority.create(join(dir, 'authority'));
    lab = await startRedis(redis.executablePath, { password: PASSWORD, authority });
    const doubting = await front('doubting');
    expect(await doubting.status()).toMatchObject({
      state: 'unreachable',
      reason: expect.stringMatching(/certificate/),
    });
    env.NODE_EXTRA_CA_CERTS = authority.ca;
    const trusting = await front('trusting');
    const served = await node();
    await add(trusting, served);
    expect(await trusting.status()).toMatchObject({ state: 'current', nodes: 1 });
    await until('it serves', async () => (await trusting.click()) === served.url);
  });

  test('Redis is flushed: both go on and report it; an operator restores or accepts it', async () => {
    const [one, other] = [await front('one'), await front('other')];
    const first = await node();
    await add(one, first);
    await until('both know', async () => (await other.status()).nodes === 1);
    await lab.command('FLUSHALL');
    for (const each of [one, other]) {
      await state(each, 'lost');
      expect((await each.status()).reason).toBe('it is empty, and 1 node is known here');
      expect(await metric(each, 'tmpfleet_registry_lost')).toBe('1');
      expect(each.run.output()).toMatch(
        /registry looks emptied or rolled back; ignoring it and continuing with the 1 node last known\. Run `tmpfleet registry show`/,
      );
      for (let clicks = 0; clicks < 20; clicks += 1) expect(await each.click()).toBe(first.url);
    }
    const unsure = await post(`${one.control}/api/registry/restore`, {});
    expect([unsure.status, await unsure.text()]).toEqual([400, expect.stringMatching(/force.*true/)]);
    expect((await post(`${one.control}/api/registry/restore`, { force: true })).status).toBe(200);
    for (const each of [one, other]) await state(each, 'current');
    expect(await other.click()).toBe(first.url);

    // By hand, past the marker: one node more than any order added, and one invalid entry.
    await lab.command('HSET', '{tmpfleet}:nodes', 'sly', 'javascript:alert(1)');
    await state(one, 'lost');
    expect((await one.status()).reason).toBe(
      'it holds 2 nodes, but 1 after its last change; 1 node is known here',
    );
    await lab.command('HINCRBY', '{tmpfleet}:registry', 'count', '1');
    await lab.command('HINCRBY', '{tmpfleet}:registry', 'generation', '1');
    await until('the change by hand is reported', async () =>
      /"sly".*no node/.test((await one.status()).reason ?? ''),
    );
    expect(await one.click()).toBe(first.url);
    expect((await post(`${one.control}/api/registry/restore`, { force: true })).status).toBe(200);
    await state(other, 'current');

    await lab.command('FLUSHALL');
    await state(other, 'lost');
    expect((await post(`${other.control}/api/registry/accept`, { force: true })).status).toBe(200);
    for (const each of [one, other]) {
      await until('the accepted registry is used', async () => (await each.status()).nodes === 0);
      expect((await each.status()).state).toBe('current');
      expect(await each.click()).toBeUndefined();
    }
    const again = await post(`${other.control}/api/registry/accept`, { force: true });
    expect([again.status, await again.text()]).toEqual([409, expect.stringMatching(/nothing to decide/)]);
  });

  test('a password in the address is refused, and a wrong one is reported', async () => {
    const inUrl = tmpfleet([
      'redirector',
      '--registry',
      'redis://:hunter2-in-ps@127.0.0.1:6379/0',
      '--data-dir',
      dir,
    ]);
    expect(await inUrl.ended).toBe(2);
    expect(inUrl.output()).toMatch(/registry: .*--registry-password-file/);
    expect(inUrl.output()).not.toContain('hunter2');
    const wrong = tmpfleet(
      [
        ...['redirector', '--registry', lab.url, '--data-dir', join(dir, 'wrong'), '--log-format', 'json'],
        ...['--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
      ],
      { TMPFLEET_REGISTRY_PASSWORD: 'another-password' },
    );
    runs.push(wrong);
    await wrong.printed(
      /the registry cannot be reached.*WRONGPASS|WRONGPASS.*the registry cannot be reached/,
    );
    expect(wrong.output()).not.toContain('another-password');
  });
});
