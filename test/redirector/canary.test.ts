// The front's own reader: goes the whole way through each node, is no reader to anybody, and takes nothing from one.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Canary, type CanaryOptions } from '../../redirector/canary/canary.ts';
import type { CanaryOutcome } from '../../redirector/canary/outcomes.ts';
import { findNode } from '../../redirector/nodes/fleet.ts';
import { nodesSchema } from '../../shared/api/node.ts';
import { newNonce, systemClock, systemRandom } from '../../shared/clock.ts';
import { signTicket } from '../../shared/protocol/ticket.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { ticketKeys } from '../support/fleet-keys.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';
import { Bench, type Front, navigate, SECRET, sendJson, silent } from './support.ts';

const SERVER = fileURLToPath(new URL('../support/kernel-server.mjs', import.meta.url));
const bench = new Bench();
let broken: string;
beforeEach(() => {
  broken = join(tmpdir(), `tmpfleet-broken-${newNonce()}`);
});
afterEach(async () => {
  await bench.clear();
  if (existsSync(broken)) rmSync(broken);
});

async function openAgent(flags: Readonly<Record<string, string>> = {}): Promise<TestAgent> {
  const command = `${process.execPath} ${SERVER} /{base_path}/ {ip} {port} ${broken}`;
  const given = { capacity: '4', warm: '2', command, clientSandboxes: '1', exemptClients: '', ...flags };
  const agent = bench.keep(await startAgent(given, { TMPFLEET_SECRET: SECRET }));
  await agent.warm(Number(given.warm));
  return agent;
}

async function open(flags: Readonly<Record<string, string>> = {}): Promise<readonly [Front, TestAgent]> {
  const agent = await openAgent(flags);
  const front = await bench.front({ canaryEvery: '1s' });
  await front.add(agent);
  return [front, agent];
}

const metricsOf = async ({ controlUrl }: { readonly controlUrl: string }): Promise<string> =>
  (await fetch(`${controlUrl}/metrics`)).text();

async function runs(front: Front, outcome: CanaryOutcome): Promise<number> {
  const row = new RegExp(`^tmpfleet_canary_runs_total\\{[^}]*outcome="${outcome}"[^}]*\\} (\\d+)$`, 'm');
  return Number(row.exec(await metricsOf(front))?.[1] ?? 0);
}

function numberOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}

test('goes through a node, from the claim to the first output, and is counted as no reader', async () => {
  const [front, agent] = await open();
  await until('it went through twice', async () => (await runs(front, 'ok')) >= 2);
  const shown = await metricsOf(front);
  for (const step of ['claim', 'page', 'kernel', 'output'])
    expect(shown).toMatch(new RegExp(`tmpfleet_canary_step_seconds\\{[^}]*step="${step}"[^}]*\\} [\\d.e-]+`));
  expect(numberOf(shown, 'tmpfleet_canary_failing')).toBe(0);
  expect(shown).not.toMatch(/^tmpfleet_redirects_total\{[^}]*\} [1-9]/m);
  const own = await metricsOf(agent);
  expect(own).toMatch(/^tmpfleet_claims_total\{outcome="claimed"[^}]*\} 0$/m);
  expect(numberOf(own, 'tmpfleet_claim_seconds_count')).toBe(0);
  expect(own).toMatch(/^tmpfleet_sandbox_endings_total\{reason="deleted"[^}]*\} 0$/m);
  expect(agent.pool.status().claims).toBe(0);
  const [node] = nodesSchema.parse(await (await fetch(`${front.controlUrl}/api/nodes`)).json()).nodes;
  expect(node?.canary).toMatchObject({ failing: false, reason: '' });
  // Its sandboxes have ended.
  await until('nobody holds one', () => agent.pool.status().held === 0);
});

test('goes through sandboxes that have an origin of their own, to the first output', async () => {
  const [front, agent] = await open({ sandboxDomain: 'localhost' });
  await until('it went through twice, or failed', async () => {
    if ((await runs(front, 'failed')) > 0)
      throw new Error(String([...front.fleet.views()][0]?.canary?.reason));
    return (await runs(front, 'ok')) >= 2;
  });
  expect([...front.fleet.views()][0]?.canary?.steps.output).toBeGreaterThan(0);
  await until('nobody holds one', () => agent.pool.status().held === 0);
});

test('never takes the last warm sandbox, and says why it stayed away', async () => {
  const [front, agent] = await open({ warm: '1' });
  await until('it stayed away twice', async () => (await runs(front, 'no-spare')) >= 2);
  expect([await runs(front, 'ok'), await runs(front, 'failed')]).toEqual([0, 0]);
  expect(agent.pool.status()).toMatchObject({ warm: 1, held: 0 });
});

test('a node gives a canary nothing that a reader would miss, and no ticket twice', async () => {
  const agent = await openAgent({ capacity: '3', warm: '2' });
  const now = Date.now();
  const about = { redirector: 'r', boot: 'b', node: 'node1', epoch: 0, tried: [], hops: 0, canary: true };
  const ask = (nonce: string) => {
    const ticket = signTicket({ ...about, nonce, expires: now + 30_000 }, ticketKeys('node1', SECRET));
    return navigate(`${agent.url}/?ticket=${ticket}`);
  };
  const [once, again] = [await ask('first'), await ask('first')];
  expect([once.status, again.status]).toEqual([302, 403]);
  await agent.warm(2);
  // A reader takes one, and all three slots are taken: one of them is warm.
  await new Reader().click(`${agent.url}/`);
  const refused = await ask('second');
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: 'full' });
  expect(agent.pool.status().claims).toBe(1);
});

/** One that comes again at once. @returns how often each outcome came */
function startCanary(
  { fleet }: Front,
  given: Pick<CanaryOptions, 'logger' | 'end'> & Partial<CanaryOptions>,
): { readonly canary: Canary; readonly counts: Readonly<Partial<Record<CanaryOutcome, number>>> } {
  const counts: Partial<Record<CanaryOutcome, number>> = {};
  const about = { redirector: 'r', boot: 'b', node: 'node1', epoch: 0, tried: [], hops: 0, canary: true };
  const options: CanaryOptions = {
    ...{ fleet, everyMs: 50, ourKey: undefined, clock: systemClock, random: systemRandom },
    ticketFor: () =>
      signTicket({ ...about, nonce: newNonce(), expires: Date.now() + 30_000 }, ticketKeys('node1', SECRET)),
    isBusy: () => false,
    count: (_, outcome) => {
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    },
    ...given,
  };
  return { canary: bench.keep(new Canary(options)), counts };
}

test('a failure is in the log once, and once more when it is over', async () => {
  const agent = await openAgent();
  const front = await bench.front();
  await front.add(agent);
  const lines: { level: number; msg: string; reason?: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  writeFileSync(broken, '');
  const { canary, counts } = startCanary(front, {
    logger,
    end: async (_, sandbox) => void agent.pool.end(sandbox, 'deleted'),
  });
  await until('it failed twice', () => (counts.failed ?? 0) >= 2);
  expect(findNode(front.fleet, 'node1').canary).toMatchObject({
    isFailing: true,
    reason: 'the kernel answers with BrokenKernel',
  });
  rmSync(broken);
  await until('it got through twice', () => (counts.ok ?? 0) >= 2);
  await canary.close();
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [40, 'the canary fails: a reader would not get through'],
    [30, 'the canary gets through again'],
  ]);
  expect(lines[0]?.reason).toContain('BrokenKernel');
});

test('stays away from a node that takes no readers', async () => {
  const [front, agent] = await open();
  await fetch(`${agent.controlUrl}/api/cordon`, { method: 'POST' });
  await until('it stayed away', async () => (await runs(front, 'not-ready')) >= 1);
});

test('a node that goes on for too long is left, and has failed', async () => {
  const slow = await bench.node({ node: 'node1', warm: 4 });
  const front = await bench.front();
  slow.override = (request, response) => {
    const stats = slow.stats();
    if (request.url === '/stats')
      sendJson(response, 200, { ...stats, fleet: { ...stats.fleet, canary: true } });
    // As soon as it seems to go on, it is slow again.
    else setTimeout(() => response.writeHead(302, { location: '/' }).end(), 100);
    return true;
  };
  await front.add(slow);
  const { counts } = startCanary(front, { logger: silent, end: async () => undefined, visitMs: 400 });
  await until('it failed twice', () => (counts.failed ?? 0) >= 2);
  expect(findNode(front.fleet, 'node1').canary?.reason).toBe('the visit was not over after 0.4 s');
});
