// The checks before a node is added, run against real nodes and against real servers that are not fit to be one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Authority } from '../../lab/debian/authority.ts';
import { ensurePackages, whyNoPackages } from '../../lab/install.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { run } from '../../lab/run.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { Bench, type Front, listen, post, SECRET } from '../support.ts';

const bench = new Bench();
const dirs: string[] = [];
afterEach(async () => {
  await bench.clear();
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const answerSchema = z.object({
  message: z.string().default(''),
  remedy: z.string().default(''),
  code: z.string().optional(),
  reachability: z.string().optional(),
  findings: z
    .array(
      z.object({ check: z.string(), ok: z.boolean(), warning: z.boolean().optional(), detail: z.string() }),
    )
    .default([]),
});

async function add(front: Front, body: object) {
  const answer = await post(`${front.controlUrl}/api/nodes`, body);
  const told = answerSchema.parse(await answer.json());
  const last = told.findings.at(-1);
  const warnings = told.findings.filter(({ warning }) => warning === true).map(({ check }) => check);
  return { status: answer.status, ...told, last, warnings };
}

async function node(flags: Readonly<Record<string, string>> = {}, secret = SECRET): Promise<TestAgent> {
  const env: Record<string, string> = secret === '' ? {} : { TMPFLEET_SECRET: secret };
  return bench.keep(await startAgent({ capacity: '1', ...flags }, env));
}

interface AgentProcess {
  readonly url: string;
  /** Removes what the node left behind, as only an ephemeral node does. */
  sweep(): Promise<void>;
}

/** A node-agent in its own process, which also runs where Docker is not ready. @param env replaces its environment */
async function agentProcess(
  flags: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<AgentProcess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-probed-'));
  dirs.push(dataDir);
  const port = await freePort();
  const args = [
    ...['node-agent', '--host', '127.0.0.1', '--port', String(port), '--control-port', '0'],
    ...['--data-dir', dataDir, '--log-format', 'json', '--node-id', 'apart', '--capacity', '1', ...flags],
  ];
  const agent = tmpfleet(args, { TMPFLEET_SECRET: SECRET, ...env });
  bench.keep({ close: async () => void (await agent.stop()) });
  const url = `http://127.0.0.1:${port}`;
  await until(`the node answers; so far: ${agent.output()}`, async () => (await fetch(`${url}/stats`)).ok);
  return {
    url,
    sweep: async () => {
      await agent.stop();
      const sweeper = tmpfleet([...args, '--ephemeral']);
      await sweeper.printed(/node-agent is up/);
      await sweeper.stop();
    },
  };
}

async function freePort(): Promise<number> {
  const server = await listen(() => undefined);
  await server.close();
  return Number(new URL(server.url).port);
}

describe('a fit node', () => {
  test('is added, with its findings, and takes readers at once', async () => {
    const front = await bench.front({ pollInterval: '1h' });
    const agent = await node({ frontUrl: front.url });
    await agent.warm(1);
    const added = await add(front, { url: agent.url, id: 'fit' });
    expect(added).toMatchObject({ status: 201, reachability: 'reachable', warnings: [] });
    expect(added.findings.map(({ check, ok }) => [check, ok])).toEqual(
      ['reachable', 'report', 'new', 'secret', 'clock', 'image', 'front'].map((check) => [check, true]),
    );
    expect(added.findings[0]?.detail).toMatch(/^answered in \d+ ms$/);
    expect(await (await fetch(`${front.controlUrl}/api/nodes/fit`)).json()).toMatchObject({
      schedulable: true,
    });
  });

  test('is known by its own name, unless another is given', async () => {
    const front = await bench.front();
    const agent = await node({ nodeId: 'node7' });
    expect((await add(front, { url: agent.url })).status).toBe(201);
    const nodes = await (await fetch(`${front.controlUrl}/api/nodes`)).json();
    expect(nodes).toMatchObject({ nodes: [{ id: 'node7', url: agent.url }] });
  });

  test('that was added unseen, and so by its address, is found by its own name too', async () => {
    const front = await bench.front();
    const agent = await node({ nodeId: 'node7' });
    expect((await add(front, { url: agent.url, probe: false })).status).toBe(201);
    await until('its name is known', async () => {
      const answer = await fetch(`${front.controlUrl}/api/nodes/node7`);
      return (
        answer.status === 200 && z.object({ url: z.string() }).parse(await answer.json()).url === agent.url
      );
    });
  });

  test('may be a plain tmpnb node, and the findings say so', async () => {
    const front = await bench.front();
    const plain = await bench.node({ plain: true });
    const added = await add(front, { url: plain.url });
    expect(added).toMatchObject({ status: 201, warnings: ['report'] });
    expect(added.findings[1]?.detail).toMatch(/plain tmpnb node/);
    expect(plain.claims).toBe(0);
  });

  test('gets a warning if its --front-url is missing or leads elsewhere', async () => {
    const front = await bench.front();
    const nowhere = await add(front, { url: (await node({ nodeId: 'one' })).url });
    expect(nowhere).toMatchObject({ status: 201, warnings: expect.arrayContaining(['front']) });
    expect(nowhere.last?.detail).toContain('--front-url');
    const elsewhere = await bench.server((_, response) => response.end('a shop'));
    const lost = await add(front, { url: (await node({ nodeId: 'two', frontUrl: elsewhere.url })).url });
    expect(lost.last?.detail).toMatch(/is no redirector/);
  });

  test('is added without a warning if the stats of its front are large', async () => {
    const front = await bench.front();
    const report = (await bench.node()).stats();
    const hosts = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`https://node${index}.example.org`, report]),
    );
    const body = JSON.stringify({ available: 1, capacity: 1, hosts, version: '1' });
    expect(body.length).toBeGreaterThan(256 * 1024);
    const large = await bench.server((_, response) => response.end(body));
    const agent = await node({ frontUrl: large.url });
    await agent.warm(1);
    const added = await add(front, { url: agent.url });
    expect(added).toMatchObject({ status: 201, warnings: [] });
  });

  test('is added with a warning if the fleet has no secret', async () => {
    const front = await bench.front({}, { secret: '' });
    const added = await add(front, { url: (await node({}, '')).url });
    expect(added).toMatchObject({ status: 201, warnings: expect.arrayContaining(['secret']) });
    expect(added.findings.find(({ check }) => check === 'clock')?.detail).toMatch(/to the second/);
  });

  test('is accepted while the fleet changes its secret', async () => {
    const front = await bench.front({}, { secret: `a-new-secret-of-the-fleet,${SECRET}` });
    const agent = await node({}, `${SECRET},a-new-secret-of-the-fleet`);
    expect((await add(front, { url: agent.url })).status).toBe(201);
  });
});

describe('an address is refused', () => {
  test.each<[string, string, string, RegExp]>([
    [
      'another secret',
      'a-secret-of-another-fleet',
      SECRET,
      /^the node key of node1 was not made from the secret of this front/,
    ],
    ['no secret', '', SECRET, /has no node key, and this front has a secret/],
    ['a secret where the front has none', SECRET, '', /has a node key, and this front has no secret/],
  ])('whose node has %s', async (_, ofNode, ofFront, words) => {
    const front = await bench.front({}, { secret: ofFront });
    const refused = await add(front, { url: (await node({}, ofNode)).url });
    expect(refused).toMatchObject({ status: 422, message: expect.stringMatching(words) });
    expect(refused.remedy).toContain(ofFront === '' ? 'TMPFLEET_SECRET' : 'tmpfleet node key node1');
    expect(refused.last).toMatchObject({ check: 'secret', ok: false });
    expect(refused.findings.slice(0, -1).every(({ ok }) => ok)).toBe(true);
    expect(front.fleet.size).toBe(0);
  });

  test('that answers every request but does not have the secret', async () => {
    const front = await bench.front();
    // It answers every request, orders too, with 200 and a page of its own.
    const refused = await add(front, { url: (await bench.node()).url });
    expect(refused).toMatchObject({ status: 422, last: { check: 'secret', ok: false } });
  });

  test('where nothing listens', async () => {
    const front = await bench.front();
    const nothing = await add(front, { url: `http://127.0.0.1:${await freePort()}` });
    expect(nothing).toMatchObject({ status: 502, message: expect.stringMatching(/nothing listens there/) });
    expect(nothing.findings).toEqual([{ check: 'reachable', ok: false, detail: nothing.message }]);
    const unknown = await add(front, { url: 'http://node.of.nobody.invalid' });
    expect(unknown).toMatchObject({
      status: 502,
      message: expect.stringMatching(/is not known here \(DNS\)/),
    });
    expect(front.fleet.size).toBe(0);
  });

  test('that never answers', { timeout: 20_000 }, async () => {
    const front = await bench.front();
    const silent = await bench.server(() => undefined);
    const refused = await add(front, { url: silent.url });
    expect(refused).toMatchObject({ status: 502, message: expect.stringMatching(/does not answer in time/) });
  });

  test('where another program listens', async () => {
    const front = await bench.front();
    const shop = await bench.server((_, response) => response.end('<html>a shop</html>'));
    expect(await add(front, { url: shop.url })).toMatchObject({
      status: 422,
      message: expect.stringMatching(/is not a node: its report is not JSON: <html>/),
      remedy: expect.stringContaining(`${shop.url}/stats`),
    });
    const empty = await bench.server((_, response) => response.writeHead(404).end());
    expect((await add(front, { url: empty.url })).message).toMatch(/answers 404 where its report should be/);
    const odd = await bench.server((_, response) => response.end('{"available":-1,"capacity":1}'));
    expect((await add(front, { url: odd.url })).message).toMatch(/is not a node: its report: available/);
    expect((await add(front, { url: front.url })).message).toMatch(/is not a node: it is a redirector/);
    expect(front.fleet.size).toBe(0);
  });

  test('with TLS that is missing or not trusted', async () => {
    const front = await bench.front();
    const { url } = await node();
    expect(await add(front, { url: url.replace('http:', 'https:') })).toMatchObject({
      status: 502,
      message: expect.stringMatching(/does not speak TLS/),
    });
    expect(await add(front, { url: await selfSigned() })).toMatchObject({
      status: 502,
      message: expect.stringMatching(/this host does not trust the TLS certificate/),
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  test('whose node is already in the fleet at another address', async () => {
    const front = await bench.front();
    const agent = await node({ nodeId: 'twice' });
    expect((await add(front, { url: agent.url, id: 'here' })).status).toBe(201);
    const again = agent.url.replace('127.0.0.1', 'localhost');
    expect(await add(front, { url: again })).toMatchObject({
      status: 409,
      message: expect.stringMatching(/in the fleet already, as here at /),
      remedy: expect.stringContaining('remove here first'),
    });
    expect(await add(front, { url: agent.url })).toMatchObject({
      status: 409,
      message: expect.stringMatching(/is there already/),
    });
    const namesake = await node({ nodeId: 'twice' });
    expect(await add(front, { url: namesake.url })).toMatchObject({
      status: 409,
      message: expect.stringMatching(/calls itself "twice" too/),
      remedy: expect.stringContaining('--node-id'),
    });
    expect(front.fleet.size).toBe(1);
  });

  test('whose node has no Docker; without the checks the front adds it, but sends no reader', async () => {
    const front = await bench.front({ holdFor: '0' });
    const nowhere = ['--engine', 'docker', '--docker-host', 'unix:///nowhere/docker.sock'];
    const { url } = await agentProcess(nowhere);
    const refused = await add(front, { url });
    expect(refused).toMatchObject({ status: 409, last: { check: 'image', ok: false } });
    expect(refused.message).toMatch(/cannot start a sandbox: .*is Docker running/);
    expect(refused.remedy).toContain('"probe":false');
    expect(await add(front, { url, probe: false })).toMatchObject({ status: 201, findings: [] });
    await until('the front polled it', async () => (await front.stats()).hosts[url]?.down !== true);
    // It has slots without a sandbox, which count as room in a healthy node.
    expect((await front.get('/')).status).toBe(503);
    const described: unknown = await (await fetch(`${front.controlUrl}/api/nodes`)).json();
    expect(described).toMatchObject({
      nodes: [{ schedulable: false, problem: expect.stringContaining('Docker') }],
    });
  });
});

const noFaketime = whyNoPackages();
describe.skipIf(noFaketime !== undefined)(`a node with a wrong clock ${noFaketime ?? ''}`, () => {
  test.each([
    ['-300s', /its clock is (299|300|301)(\.\d)? s behind this front's/],
    ['+300s', /its clock is (299|300|301)(\.\d)? s ahead of this front's/],
  ])('by %s is refused for that, and not for its secret', { timeout: 120_000 }, async (by, words) => {
    await ensurePackages(['faketime']);
    // Preloaded by hand: the program `faketime` would stand between this process and the agent and not pass signals on.
    const library = (await run('dpkg', ['-L', 'libfaketime'])).match(/^.*libfaketime\.so\.1$/m)?.[0] ?? '';
    const shift = { LD_PRELOAD: library, FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const { url } = await agentProcess(['--engine', 'local', '--ephemeral'], shift);
    const front = await bench.front();
    const refused = await add(front, { url });
    expect(refused).toMatchObject({ status: 422, message: expect.stringMatching(words) });
    expect(refused.remedy).toMatch(/timedatectl|chrony/);
    expect(refused.findings.map(({ check, ok }) => [check, ok]).slice(-2)).toEqual([
      ['secret', true],
      ['clock', false],
    ]);
    expect(front.fleet.size).toBe(0);
  });
});

describeNeeding(['docker'], 'a node without its image', ({ docker }) => {
  test('is refused, reports why, and is accepted once the image is pulled', {
    timeout: 120_000,
  }, async () => {
    const front = await bench.front();
    const image = 'tmpfleet-lab/comes-later:1';
    const { url, sweep } = await agentProcess([
      ...['--engine', 'docker', '--docker-host', docker.host, '--image', image, '--pull', 'never'],
      ...['--command', docker.tinyCommand],
    ]);
    const refused = await add(front, { url });
    expect(refused).toMatchObject({ status: 409, last: { check: 'image', ok: false } });
    expect(refused.message).toContain(`Docker has no image ${image}; type: docker pull ${image}`);
    expect(await (await fetch(`${url}/stats`)).json()).toMatchObject({
      available: 0,
      fleet: { state: 'ready', problem: expect.stringContaining(image) },
    });
    await run('docker', ['-H', docker.host, 'tag', docker.tinyImage, image]);
    try {
      await until('the node is added', async () => (await add(front, { url })).status === 201, 60_000);
      await until('the front polled it', async () => (await front.stats()).available === 1, 60_000);
      expect(await (await fetch(`${url}/stats`)).json()).not.toMatchObject({
        fleet: { problem: expect.anything() },
      });
    } finally {
      await sweep();
      await run('docker', ['-H', docker.host, 'rmi', image]);
    }
  });
});

/** A server with a self-signed certificate. */
async function selfSigned(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tls-'));
  dirs.push(dir);
  const { key, cert } = await (await Authority.create(dir)).issue('127.0.0.1');
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.end('{}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  bench.keep({ close: () => new Promise((resolve) => server.close(() => resolve())) });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
