// `tmpfleet pool --front …` as an operator types it: the pools of all nodes of a front, or of named ones.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { auditSchema } from '../../shared/api/registry.ts';
import { ORDER_PATH } from '../../shared/protocol/order.ts';
import { run, runJson } from '../cli/run.ts';
import { Bench, type Front, SECRET, sendJson, TestNode } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';

vi.setConfig({ testTimeout: 120_000 });

const bench = new Bench();
let front: Front;
let agents: readonly TestAgent[] = [];

beforeAll(async () => {
  front = await bench.front();
  agents = await Promise.all(
    ['alpha-1', 'alpha-2', 'beta'].map(async (nodeId) =>
      bench.keep(await startAgent({ nodeId, capacity: '3', warm: '1' }, { TMPFLEET_SECRET: SECRET })),
    ),
  );
  await Promise.all(agents.map((agent) => agent.warm(1)));
  for (const [index, { url }] of agents.entries())
    await add(front, url, ['alpha-1', 'alpha-2', 'beta'][index] ?? '');
  await add(front, (await bench.node({ plain: true, warm: 2, capacity: 2 })).url, 'plain');
});
afterAll(() => bench.clear());

async function add({ controlUrl }: Front, url: string, id: string): Promise<void> {
  const body = JSON.stringify({ url, id, probe: false });
  expect((await fetch(`${controlUrl}/api/nodes`, { method: 'POST', body })).status).toBe(201);
}

const pool = (verb: string, ...args: string[]) => run(['pool', verb, '--front', front.controlUrl, ...args]);
const answerSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      result: z.enum(['done', 'failed', 'skipped']),
      error: z.object({ code: z.string(), message: z.string() }).optional(),
      status: z.object({ pool: z.object({ warm: z.number(), paused: z.boolean() }) }).optional(),
    }),
  ),
  totals: z.object({ nodes: z.number(), failed: z.number(), skipped: z.number(), capacity: z.number() }),
});
const asJson = async (verb: string, ...args: string[]) =>
  answerSchema.parse(await runJson(['pool', verb, '--front', front.controlUrl, ...args], {}));
const keptReady = () => agents.map(({ pool: { settings } }) => settings.warm);

describe('with nodes that answer', () => {
  test('status has a row for each node and a sum, and names a plain node as skipped', async () => {
    const { code, out } = await run(['pool', '--front', front.controlUrl, 'status']);
    expect(code).toBe(0);
    const rows = out.trimEnd().split('\n');
    expect(rows[0]).toMatch(/^NODE +STATE +SLOTS +KEPT +HELD +WARM +STARTING +STALE +NOTE$/);
    expect(rows.slice(1, 4).map((row) => row.split(/\s+/).slice(0, 6).join(' '))).toEqual([
      'alpha-1 ready 3 1 0 1',
      'alpha-2 ready 3 1 0 1',
      'beta ready 3 1 0 1',
    ]);
    expect(rows[4]).toMatch(/^plain +skipped .*skipped: a plain tmpnb node, which takes no orders$/);
    expect(rows[5]).toMatch(/^4 nodes +9 +0 +3 .*1 skipped$/);
  });

  test('a size is set on all nodes, or on those that are named, also by the beginning of a name', async () => {
    expect((await pool('resize', '--warm', '2')).code).toBe(0);
    expect(keptReady()).toEqual([2, 2, 2]);
    const { nodes } = await asJson('resize', '--warm', '1', '--node-id', 'be', '--node-id', 'alpha-2');
    expect(nodes.map(({ id, status }) => [id, status?.pool.warm])).toEqual([
      ['beta', 1],
      ['alpha-2', 1],
    ]);
    expect(keptReady()).toEqual([2, 1, 1]);
    expect((await pool('resize', '--reset')).code).toBe(0);
    expect(keptReady()).toEqual([1, 1, 1]);
  });

  test('each order is in the audit trail of the front, by node', async () => {
    await pool('pause', '--node-id', 'beta');
    await pool('resume', '--node-id', 'beta');
    const entries = auditSchema.parse(await (await fetch(`${front.controlUrl}/api/audit?limit=2`)).json());
    expect(entries.map(({ what, status }) => [what, status])).toEqual([
      ['POST /api/nodes/beta/pool/resume', 200],
      ['POST /api/nodes/beta/pool/pause', 200],
    ]);
  });

  test('all unclaimed sandboxes are replaced, and --wait waits for every node', async () => {
    const before = agents.flatMap((agent) => agent.pool.table.all().map(({ id }) => id));
    const { code, err, out } = await pool('recycle', '--wait');
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('all have ended') });
    expect(out.match(/1 to be replaced/g)).toHaveLength(3);
    const after = agents.flatMap((agent) => agent.pool.table.all().map(({ id }) => id));
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  test('a paused node fails to recycle, by name, with exit code 5', async () => {
    await pool('pause', '--node-id', 'beta');
    const { code, out, err } = await pool('recycle', '--wait');
    await pool('resume');
    expect({ code, err }).toMatchObject({ code: 5, err: expect.stringMatching(/1 of 4 nodes failed: beta/) });
    expect(out).toMatch(/beta +ready, paused .*failed: the pool is paused/);
  });

  test('a newer image is looked for at each node', async () => {
    const { code, out } = await pool('refresh', '--wait');
    expect([code, out.match(/there is no newer image/g)?.length]).toEqual([0, 3]);
  });
});

describe('what cannot be done', () => {
  test.each([
    [['--node-id', 'gamma'], 3, /no node is called "gamma"/],
    [['--node-id', 'alpha'], 3, /2 nodes begin with "alpha"; did you mean alpha-1 or alpha-2/],
    [['--node-id', 'beta', '--node-id', 'nothing'], 3, /no node is called "nothing"/],
    [['--node', 'http://127.0.0.1:1'], 2, /--node names the control listener of one node/],
  ])('pause %j ends with exit code %d, and pauses nothing', async (flags, code, message) => {
    expect(await pool('pause', ...flags)).toMatchObject({ code, err: expect.stringMatching(message) });
    expect(agents.map(({ pool: { settings } }) => settings.paused)).toEqual([false, false, false]);
  });

  test('a plain node that is named fails', async () => {
    expect(await pool('pause', '--node-id', 'plain')).toMatchObject({
      ...{ code: 3, err: expect.stringContaining('1 of 1 nodes failed: plain') },
      out: expect.stringContaining('which takes no orders'),
    });
  });

  test('a size that a node refuses is its failure, with its reason', async () => {
    const { code, out } = await pool('resize', '--warm', '4', '--node-id', 'beta');
    expect(code).toBe(3);
    expect(out).toContain('failed: beta refuses: warm: 4 is more than the capacity, which is 3');
  });

  test('without a fleet secret it is said once', async () => {
    const other = await bench.front({}, { secret: '' });
    await add(other, agents[0]?.url ?? '', 'a');
    const { code, err } = await run(['pool', 'pause', '--front', other.controlUrl]);
    expect({ code, err }).toMatchObject({
      code: 3,
      err: expect.stringMatching(/without a secret of the fleet/),
    });
  });

  test('a node that is gone, and one that never answers, are in the way of no other', async () => {
    const hung = bench.keep(await new TestNode({ node: 'hung' }).open());
    hung.override = (request) => request.url === ORDER_PATH;
    const gone = await bench.node({ node: 'gone' });
    await add(front, hung.url, 'hung');
    await add(front, gone.url, 'gone');
    await gone.close();
    const { code, out, err } = await pool('resize', '--warm', '2');
    expect({ code, err }).toMatchObject({
      code: 4,
      err: expect.stringContaining('2 of 6 nodes failed: hung, gone'),
    });
    expect(out).toMatch(/hung +failed .*does not answer in time/);
    expect(out).toMatch(/gone +failed .*refuses connections/);
    expect(keptReady()).toEqual([2, 2, 2]);
    await pool('resize', '--reset');
  });

  test('a stolen node that answers nonsense, without end, or with escape sequences, fails alone', async () => {
    const stolen = bench.keep(await new TestNode({ node: 'stolen' }).open());
    await add(front, stolen.url, 'stolen');
    const answers = [
      '<html>',
      JSON.stringify({ ...stolen.stats(), pool: { capacity: 'all of them' } }),
      `"${'x'.repeat(1024 * 1024)}"`,
    ];
    for (const answer of answers) {
      stolen.override = (request, response) => {
        if (request.url !== ORDER_PATH) return false;
        response.end(answer);
        return true;
      };
      const { code, out } = await pool('status', '--node-id', 'stolen', '--node-id', 'beta');
      expect([code, /beta +ready/.test(out)]).toEqual([3, true]);
    }
    stolen.override = (request, response) => {
      if (request.url !== ORDER_PATH) return false;
      sendJson(response, 400, {
        status: 'error',
        code: 'bad-request',
        message: '\u001b]0;owned\u0007\u001b[2Jno',
      });
      return true;
    };
    const { out, err } = await pool('status', '--node-id', 'stolen');
    expect(out + err).toContain('stolen refuses: ');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(out + err).not.toMatch(/[\u001b\u0007]/);
  });
});
