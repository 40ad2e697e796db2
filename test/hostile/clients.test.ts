// One client that takes more than its share: a loop of spawns, a loop of clicks, forged addresses.
import { mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readError } from '../../shared/api/error.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { Reader } from '../support/reader.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

const SECRET = { TMPFLEET_SECRET: 'the-secret-of-a-fleet-with-limits' };
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-clients-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Program {
  readonly run: Run;
  readonly url: string;
  readonly control: string;
}

/** Behind a TLS terminator, so that a header says which client it is. */
async function start(name: string, args: readonly string[]): Promise<Program> {
  const common = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--data-dir', join(dir, name)];
  const run = tmpfleet([...args, ...common, '--trust-proxy', '--log-format', 'json'], SECRET);
  // Hundreds of starts on a few cores: processes of other suites go first.
  setPriority(run.pid, 15);
  const [, url = '', control = ''] = await run.printed(
    /"url":"(http:[^"]+)","control":"(http:[^"]+)"/,
    60_000,
  );
  return { run, url, control };
}

function startNode(name: string, capacity: number, more: readonly string[]): Promise<Program> {
  const engine = ['--engine', 'local', '--command', LIGHT_COMMAND, '--ephemeral', '--reap-interval', '30s'];
  return start(name, ['node-agent', ...engine, '--node-id', name, '--capacity', String(capacity), ...more]);
}

const addNode = async (front: Program, node: Program): Promise<void> => {
  const body = JSON.stringify({ url: node.url, probe: false });
  expect((await fetch(`${front.control}/api/nodes`, { method: 'POST', body })).status).toBe(201);
};

const isFull = (url: string, available: number, ms: number): Promise<true> =>
  until(
    `${available} sandboxes are warm`,
    async () => {
      const stats: { available: number } = JSON.parse(await (await fetch(`${url}/stats`)).text());
      return stats.available === available || undefined;
    },
    ms,
  );

const spawn = (
  url: string,
  client: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(`${url}/api/spawn`, { method: 'POST', headers: { ...headers, 'x-forwarded-for': client } });

describe('a loop of spawns from one address', () => {
  let node: Program;
  let front: Program;
  beforeAll(async () => {
    front = await start('front1', ['redirector', '--poll-interval', '200ms']);
    node = await startNode('node1', 20, ['--front-url', front.url]);
    await addNode(front, node);
    await isFull(front.url, 20, 120_000);
  }, 150_000);
  afterAll(async () => {
    await Promise.all([front.run.stop(), node.run.stop()]);
  });

  test('one address in a loop gets three quarters of a node; another one is served', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => spawn(node.url, '203.0.113.9')));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(15);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(25);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(readError((await refused[0]?.text()) ?? '')?.code).toBe('too-many-sandboxes');
    expect((await spawn(node.url, '203.0.113.10')).status).toBe(200);
    const metrics = await (await fetch(`${node.control}/metrics`)).text();
    expect(metrics).toMatch(/tmpfleet_limited_total\{limit="sandboxes",[^}]*\} 25/);
  });

  test('through the front it is the same address, and no other can be forged', async () => {
    const through = await spawn(front.url, '203.0.113.9');
    expect([through.status, readError(await through.text())?.code]).toEqual([429, 'too-many-sandboxes']);
    const forged = await spawn(node.url, '203.0.113.9', { 'tmpfleet-client': '198.51.100.1~x' });
    expect(forged.status).toBe(429);
    const added = await spawn(node.url, '198.51.100.1, 203.0.113.9');
    expect(added.status).toBe(429);
    expect((await spawn(front.url, '203.0.113.11')).status).toBe(200);
  });

  test('a person at that address gets a page that tries again', async () => {
    const person = new Reader({
      ...{ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' },
      ...{ accept: 'text/html', 'x-forwarded-for': '203.0.113.9' },
    });
    const { status, headers, body } = await person.click(`${node.url}/tree`);
    expect(status).toBe(429);
    expect(headers['retry-after']).toBe('30');
    expect(body).toContain('This page tries again by itself.');
  });
});

describe('a loop of clicks at a front', () => {
  let front: Program;
  beforeAll(async () => {
    front = await start('front2', ['redirector', '--client-arrivals', '5/1h']);
  });
  afterAll(() => front.run.stop());

  test('a client that clicks in a loop is refused at the front, HEAD and other clients are not', async () => {
    const click = async (client: string, method: 'GET' | 'HEAD' = 'GET'): Promise<number> => {
      const navigation = {
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': 'none',
      };
      const headers = { ...navigation, 'x-forwarded-for': client, accept: 'text/html' };
      const { statusCode, body } = await request(`${front.url}/tree`, { method, headers });
      await body.dump();
      return statusCode;
    };
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) statuses.push(await click('2001:db8:1:2::9'));
    // Without nodes, a front answers 503.
    expect(statuses).toEqual([503, 503, 503, 503, 503, 429, 429, 429]);
    expect(await click('2001:db8:1:2:ffff::1')).toBe(429);
    expect(await click('2001:db8:1:3::9')).toBe(503);
    expect(await click('2001:db8:1:2::9', 'HEAD')).not.toBe(429);
  });
});

describe('a crowd', () => {
  const programs: Program[] = [];
  /** Slots of each of two nodes; three tenths of them are one address's share. */
  const slots = 220;
  afterAll(async () => {
    await Promise.all(programs.map(({ run }) => run.stop()));
  }, 240_000);

  test('300 readers behind 3 addresses are served, and a loop from a fourth gets its share', {
    timeout: 540_000,
  }, async () => {
    const front = await start('front3', ['redirector', '--poll-interval', '1s']);
    programs.push(front);
    const nodes = await Promise.all(
      ['a', 'b'].map((name) =>
        startNode(name, slots, [
          ...['--client-sandboxes', '30%', '--front-url', front.url, '--concurrent-starts', '3'],
        ]),
      ),
    );
    programs.push(...nodes);
    for (const node of nodes) await addNode(front, node);
    await isFull(front.url, 2 * slots, 420_000);

    const reader = (client: string): Reader =>
      new Reader({
        ...{ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' },
        ...{ accept: 'text/html', 'x-forwarded-for': client },
      });
    // Until ten in a row got nothing.
    const taken = new Set<string>();
    let inVain = 0;
    while (inVain < 10) {
      const { status, sandbox } = await reader('203.0.113.9').click(`${front.url}/notebooks/x`);
      if (status === 200 && sandbox !== undefined) taken.add(sandbox);
      else expect(status).toBe(429);
      inVain = status === 200 ? 0 : inVain + 1;
    }
    expect(taken.size).toBeGreaterThan(0.3 * slots);
    expect(taken.size).toBeLessThanOrEqual(0.6 * slots);

    const landings = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        await delay(n * 10);
        return reader(`198.51.100.${n % 3}`).click(`${front.url}/notebooks/${n}`);
      }),
    );
    expect(landings.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
    expect(new Set(landings.map(({ sandbox }) => sandbox)).size).toBe(300);
  });
});
