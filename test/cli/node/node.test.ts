// `tmpfleet node …` as an operator types it, at a real front with two real nodes.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { nodesSchema } from '../../../shared/api/node.ts';
import { sandboxSchema } from '../../../shared/api/sandbox.ts';
import { type Demo, startDemo } from '../../support/demo.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { run } from '../run.ts';

// A test runs several commands one after another; each starts a Node process.
vi.setConfig({ testTimeout: 240_000 });

let demo: Demo;
let env: Record<string, string> = {};
let [first, second] = ['', ''];

beforeAll(async () => {
  demo = startDemo(['--nodes', '2', '--capacity', '3', '--warm', '1', '--engine', 'local']);
  await demo.front(90_000);
  env = { TMPFLEET_FRONT: demo.control(), TMPFLEET_NODE: demo.nodeControl() };
  [first, second] = (await nodes()).map(({ id }) => id) as [string, string];
});
afterAll(() => demo?.end());

const told = (...args: string[]) => run(['node', ...args], env);
const nodes = async () => nodesSchema.parse(await ask(`${demo.control()}/api/nodes`)).nodes;
const node = async (id: string) => (await nodes()).find((each) => each.id === id);

/** Setup and cleanup of a test use the API itself. */
async function ask(url: string, method = 'GET'): Promise<unknown> {
  return (await fetch(url, { method })).json();
}

/** Claims a sandbox at the first node, by its API. @returns its id */
async function spawnAtFirst(): Promise<string> {
  const { url } = z
    .object({ url: z.string() })
    .parse(await ask(`${(await node(first))?.url}/api/spawn`, 'POST'));
  return url.split('/')[2] ?? '';
}

/** Makes the first node ready again, without readers. */
async function clear(): Promise<void> {
  const all = z.array(sandboxSchema).parse(await ask(`${demo.nodeControl()}/api/sandboxes`));
  const held = all.filter(({ state }) => state === 'claimed' || state === 'active');
  for (const { id } of held) await ask(`${demo.nodeControl()}/api/sandboxes/${id}`, 'DELETE');
  await ask(`${demo.control()}/api/nodes/${first}/uncordon`, 'POST');
  await until('the first node is ready', async () => {
    const at = await node(first);
    return at?.state === 'ready' && at.slots.held === 0 && at.slots.warm === 1;
  });
}

function wait(...args: string[]): Run {
  return tmpfleet(['node', 'drain', first, '--wait', ...args], env);
}

describe('tmpfleet node ls', () => {
  test('prints a table whose columns line up', async () => {
    const { code, out } = await told('ls');
    expect(code).toBe(0);
    const [head = '', ...rows] = out.trimEnd().split('\n');
    expect(head).toMatch(
      /^ID +STATE +HELD +WARM +STARTING +SLOTS +LOAD +REPORT +VERSION +IMAGE +ADDRESS +NOTE$/,
    );
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row.indexOf('http://')).toBe(head.indexOf('ADDRESS'));
    expect(rows[0]).toMatch(new RegExp(`^${first} +ready +0 +\\d +\\d +3 `));
  });
});

test('tmpfleet node ls --watch goes on, a line of JSON each time', async () => {
  const watching = tmpfleet(['node', 'ls', '--watch', '--json', '--interval', '100ms'], env);
  const [, line = ''] = await watching.printed(/^.*\n(.*)\n/);
  expect(nodesSchema.parse(JSON.parse(line)).nodes.map(({ id }) => id)).toEqual([first, second]);
  await watching.stop();
});

describe('an order', () => {
  test('cordon and uncordon change the node, and print its new state', async () => {
    expect(await told('cordon', first)).toMatchObject({
      ...{ code: 0, out: `${first} is cordoned: no new readers; it has none\n` },
    });
    expect(await node(first)).toMatchObject({ state: 'cordoned' });
    // The other node is now the last that takes readers.
    expect(await told('cordon', second)).toMatchObject({
      code: 3,
      err: expect.stringMatching(/is the last node that takes readers.*--force/),
    });
    expect(await node(second)).toMatchObject({ state: 'ready' });
    expect((await told('cordon', second, '--force')).code).toBe(0);
    expect((await told('uncordon', first)).out).toBe(`${first} is ready: 0 readers there\n`);
    await ask(`${demo.control()}/api/nodes/${second}/uncordon`, 'POST');
  });

  test('takes the beginning of a name, if it is that of one node only', async () => {
    const start = first.slice(0, -1);
    expect(start).toBe(second.slice(0, -1));
    expect(await told('cordon', start)).toMatchObject({
      code: 3,
      err: expect.stringContaining('did you mean'),
    });
    // What cannot be taken back needs the whole name.
    expect(await told('rm', '--force', start)).toMatchObject({ code: 3 });
    const { url } = z.object({ url: z.string() }).parse(await node(second));
    await told('rm', second, '--force');
    expect((await told('rm', '--force', start)).code).toBe(3);
    expect((await told('cordon', start, '--force')).out).toContain(`${first} is cordoned`);
    await told('uncordon', start);
    await told('add', url);
    await until('the second node is back', async () => (await node(second))?.reachability === 'reachable');
  });

  test('to an unknown node suggests similar names', async () => {
    expect(await told('drain', first.replace('demo', 'dmeo'))).toMatchObject({
      code: 3,
      err: expect.stringContaining(`did you mean ${first}`),
    });
    expect((await told('rm', 'something-else')).err).toContain(`there are: ${first}, ${second}`);
  });
});

describe('a drain', () => {
  test('waits for its readers, shows how many are left, and ends when the last has left', async () => {
    await clear();
    const sandbox = await spawnAtFirst();
    const drain = wait('--deadline', '1h');
    await drain.printed(/: 1 reader left/, 60_000);
    expect((await told('ls')).out).toMatch(/draining .* until \d\d:\d\d \((1 h|59 min|60 min)\)/);
    expect((await run(['sandbox', 'rm', sandbox.slice(0, 8)], env)).code).toBe(0);
    expect(await drain.ended).toBe(0);
    expect(drain.output()).toContain(`${first} is drained: no readers are left`);
  });

  test('says that the deadline had to end readers', async () => {
    await clear();
    await spawnAtFirst();
    const { code, out } = await run(['node', 'drain', first, '--now', '--wait', '--json'], env);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      id: first,
      state: 'drained',
      drain_forced: true,
      slots: { held: 0 },
    });
    expect((await told('ls')).out).toContain('the deadline ended its last readers');
  });

  test('that is cancelled, or takes too long, ends with exit code 5', async () => {
    await clear();
    await spawnAtFirst();
    const late = await run(['node', 'drain', first, '--wait', '--timeout', '1s'], env);
    expect(late).toMatchObject({ code: 5, out: '', err: expect.stringContaining('not done within 1 s') });
    const drain = wait();
    await drain.printed(/: 1 reader left/, 60_000);
    await told('uncordon', first);
    expect(await drain.ended).toBe(5);
    expect(drain.output()).toContain('the drain was called off');
    await clear();
  });

  test.each([
    [
      ['--deadline', 'soon'],
      /--deadline <time>' argument 'soon' is invalid. Expected a time with a unit, such as/,
    ],
    [['--deadline', '1h', '--now'], /cannot be used with/],
    [['--dedline', '1h'], /Did you mean --deadline/],
  ])('with %j is a usage error', async (flags, message) => {
    expect(await told('drain', first, ...flags)).toMatchObject({
      code: 2,
      err: expect.stringMatching(message),
    });
  });
});

describe('the list', () => {
  test('removes a node only without readers or by force, and takes it again', async () => {
    await clear();
    const { url } = z.object({ url: z.string() }).parse(await node(first));
    expect(await told('rm', first)).toMatchObject({
      code: 3,
      err: expect.stringMatching(
        /is ready, not drained: 0 readers and 1 warm sandbox; drain it first, or insist/,
      ),
    });
    expect(await told('rm', first, '--force')).toMatchObject({ code: 0 });
    expect((await nodes()).map(({ id }) => id)).toEqual([second]);
    expect(await told('add', url, '--id', 'again')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`again was added, at ${url}`),
    });
    expect(await told('add', url, '--id', 'again')).toMatchObject({
      code: 3,
      err: expect.stringContaining('again'),
    });
    expect((await told('add', 'ftp://there')).err).toContain('ftp');
    expect(await told('add', 'foo')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"foo" is not an address'),
    });
    await until('the front has polled it', async () => (await node('again'))?.reachability === 'reachable');
    // Drained, it can be removed without --force.
    expect((await told('drain', 'again', '--now', '--wait')).code).toBe(0);
    expect((await told('rm', 'again')).code).toBe(0);
    expect((await told('add', url, '--id', first, '--no-probe')).code).toBe(0);
    await until('the front has polled it', async () => (await node(first))?.reachability === 'reachable');
    await clear();
  });
});

describe('a front that does not answer', () => {
  test('is named, with what to check', async () => {
    const nowhere = await run(['node', 'ls', '--front', 'http://127.0.0.1:1'], env);
    expect(nowhere).toMatchObject({ code: 4, out: '' });
    expect(nowhere.err).toMatch(
      /the front cannot be reached: 127\.0\.0\.1:1 refuses connections: nothing listens there; is the redirector/,
    );
    const readers = await run(['node', 'ls', '--front', await demo.front()], env);
    expect(readers).toMatchObject({ code: 1, err: expect.stringContaining('not the public address') });
    const another = await run(['node', 'ls', '--front', demo.nodeControl()], env);
    expect(another).toMatchObject({
      code: 3,
      err: expect.stringContaining('of a redirector of this version'),
    });
    expect(await run(['node', 'ls'], { TMPFLEET_FRONT: 'nonsense' })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/'nonsense' from env 'TMPFLEET_FRONT' is invalid/),
    });
  });
});
