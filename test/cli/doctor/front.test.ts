// `tmpfleet doctor --front`: a healthy fleet of real nodes, and each fault made for real.
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Bench, type Front, post, SECRET } from '../../redirector/support.ts';
import { receive, WEBHOOK_SECRET } from '../../redirector/webhook/receiver.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const printedSchema = z.object({
  ok: z.boolean(),
  findings: z.array(
    z.object({ check: z.string(), level: z.string(), detail: z.string(), remedy: z.string().optional() }),
  ),
});

async function examine(
  front: Front,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const doctor = tmpfleet(['doctor', '--json', '--front', front.controlUrl, ...flags], env);
  const code = await doctor.ended;
  const { ok, findings } = printedSchema.parse(JSON.parse(doctor.output()));
  const of = (check: string) => findings.find((finding) => finding.check === check);
  return { code, ok, findings, of };
}

async function node(front: Front, nodeId: string, secret = SECRET, more = {}): Promise<TestAgent> {
  const flags = { nodeId, capacity: '1', frontUrl: front.url, ...more };
  const agent = bench.keep(await startAgent(flags, { TMPFLEET_SECRET: secret }));
  await agent.warm(1);
  const answer = await post(`${front.controlUrl}/api/nodes`, { url: agent.url, id: nodeId, probe: false });
  expect(answer.status).toBe(201);
  await until('the front has polled it', async () => (await front.stats()).hosts[agent.url]?.available === 1);
  return agent;
}

describe('a fleet', { timeout: 120_000 }, () => {
  test('that is healthy: each node passes, and a test reader leaves nothing behind', async () => {
    const front = await bench.front();
    const agent = await node(front, 'one');
    const { code, findings, of } = await examine(front, ['--url', front.url]);
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(of('node one')?.detail).toMatch(/ready, 1 of 1 warm, report [\d.]+ s old; its clock agrees/);
    expect(of('reader')?.detail).toMatch(/a click led to a sandbox at 127\.0\.0\.1:\d+ in \d+ ms/);
    expect(of('leaving')?.detail).toBe('its sandbox was removed again');
    expect(agent.pool.status().claims).toBe(1);
    await until('a new one is warm', () => agent.pool.status().warm === 1 && agent.pool.status().held === 0);
    expect(agent.pool.table.endings()).toEqual({ deleted: 1 });
  });

  test('whose sandboxes have names below localhost, which resolvers may not know, as in the demo', async () => {
    const front = await bench.front();
    await node(front, 'one', SECRET, { sandboxDomain: 'localhost' });
    const { of } = await examine(front, ['--url', front.url]);
    expect(of('reader')?.detail).toMatch(/a click led to a sandbox at [0-9a-f]+\.localhost:\d+ in/);
  });

  test('with a node of another secret, one that stopped, and one that is cordoned', async () => {
    const front = await bench.front();
    await node(front, 'stranger', 'a-secret-of-another-fleet');
    const cordoned = await node(front, 'cordoned');
    await post(`${cordoned.controlUrl}/api/cordon`);
    const gone = await bench.node();
    await front.add(gone);
    const { url } = gone;
    await gone.close();
    await until('the front knows', async () => (await front.stats()).hosts[url]?.down === true);
    const { code, of, findings } = await examine(front);
    expect(code).toBe(1);
    expect(of('node stranger')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('was not made from the secret of this front'),
      remedy: expect.stringContaining('tmpfleet node key stranger'),
    });
    expect(of('node cordoned')).toMatchObject({ level: 'warn', remedy: expect.stringContaining('cordoned') });
    expect(findings.filter(({ detail }) => detail.startsWith('unreachable'))).toMatchObject([
      { level: 'fail' },
    ]);
    expect(of('front')).toMatchObject({ level: 'warn', detail: '3 nodes, 1 of them takes readers' });
  });

  test('without nodes, where a reader cannot be placed', async () => {
    const front = await bench.front();
    const { code, of } = await examine(front, ['--url', front.url]);
    expect(code).toBe(1);
    expect(of('front')).toMatchObject({ level: 'fail', detail: 'there are no nodes' });
    expect(of('reader')).toMatchObject({ level: 'fail', detail: expect.stringContaining('503') });
  });

  test('that needs its token, or does not answer', async () => {
    const controlToken = 'a-token-of-the-control-listener';
    const front = await bench.front({ controlToken });
    expect((await examine(front)).of('front')).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('TMPFLEET_CONTROL_TOKEN'),
    });
    await plainNode(front, controlToken);
    const asked = await examine(front, [], { TMPFLEET_CONTROL_TOKEN: controlToken });
    expect(asked.of('front')?.level).toBe('ok');
    const wrong = await examine({ ...front, controlUrl: front.url });
    expect(wrong.of('front')).toMatchObject({ level: 'fail', remedy: expect.stringContaining('--front') });
  });
});

async function plainNode(front: Front, token: string): Promise<void> {
  const { url } = await bench.node({ plain: true });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await post(`${front.controlUrl}/api/nodes`, { url }, headers);
  expect(answer.status).toBe(201);
}

describe('the webhook of a front', { timeout: 120_000 }, () => {
  test('is no subject where there is none, passes where it answers, and fails where it does not', async () => {
    expect((await examine(await bench.front())).of('webhook')).toBeUndefined();
    const receiver = bench.keep(await receive());
    const front = await bench.front(
      { webhook: `${receiver.url}/a-secret-path` },
      { webhookSecret: WEBHOOK_SECRET },
    );
    const well = (await examine(front)).of('webhook');
    expect(well).toMatchObject({
      level: 'ok',
      detail: expect.stringMatching(/answers in \d+ ms; 0 events wait, 0 were/),
    });
    receiver.answer = (response) => {
      response.writeHead(403).end();
      return false;
    };
    const { code, of } = await examine(front);
    expect(code).toBe(1);
    expect(of('webhook')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('it answers 403'),
      remedy: expect.stringContaining('--webhook-secret-file'),
    });
    expect(of('webhook')?.detail).not.toContain('a-secret-path');
  });
});
