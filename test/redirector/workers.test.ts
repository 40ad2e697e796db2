// Several processes on one port: they serve as one, are told as one, are counted as one, and end as one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { splitTicket, verifyTicket } from '../../shared/protocol/ticket.ts';
import { processesWith } from '../support/processes.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';
import { Bench, frontStatsSchema, listen, post, SECRET } from './support.ts';

const bench = new Bench();
let run: Run;
let dir: string;
let url: string;
let control: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-workers-'));
  ({ run, url, control } = await startWorkers());
});
afterEach(async () => {
  await run.stop();
  await bench.clear();
  rmSync(dir, { recursive: true, force: true });
});

async function startWorkers(flags: readonly string[] = []) {
  const quick = ['--poll-interval', '100ms', '--data-dir', dir, '--log-format', 'json'];
  const ports = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0'];
  const started = tmpfleet(['redirector', '--workers', '2', ...quick, ...ports, ...flags], {
    TMPFLEET_SECRET: SECRET,
    // Workers inherit it, so their processes can be told from all others.
    WORKERS_TEST: dir,
  });
  const [, where = '', whereControl = ''] = await started.printed(
    /"url":"(http:[^"]+)","control":"(http:[^"]+)".*redirector is up/,
  );
  return { run: started, url: where, control: whereControl };
}

interface Click {
  readonly status: number;
  /** Which worker signed its ticket. */
  readonly boot: string | undefined;
}

/** On a connection of its own, so that it may go to any worker. */
async function click(): Promise<Click> {
  const answer = await fetch(`${url}/tree`, { redirect: 'manual', headers: { connection: 'close' } });
  const { search } = new URL(answer.headers.get('location') ?? 'http://none/');
  const { ticket = '' } = splitTicket(search.slice(1));
  return { status: answer.status, boot: verifyTicket(ticket, [SECRET], Date.now())?.boot };
}

function clicks(count: number): Promise<readonly Click[]> {
  return Promise.all(Array.from({ length: count }, click));
}

/** Until `count` different workers have answered; how many clicks it took in all. */
async function untilAnsweredBy(count: number): Promise<number> {
  const boots = new Set<string | undefined>();
  let made = 0;
  await until(`${count} workers answered`, async () => {
    for (const { boot } of await clicks(20)) boots.add(boot);
    made += 20;
    return boots.size >= count;
  });
  expect(boots).not.toContain(undefined);
  return made;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${control}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function addNode() {
  const node = await bench.node({ warm: 100_000, capacity: 100_000 });
  expect((await post(`${control}/api/nodes`, { url: node.url, probe: false })).status).toBe(201);
  await until('every worker redirects', async () =>
    (await clicks(20)).every(({ status }) => status === 302) ? true : undefined,
  );
  return node;
}

function workers(): readonly number[] {
  return processesWith(dir).filter((pid) => pid !== run.pid);
}

describe('a redirector with two workers', () => {
  test('answers readers by both of them, on one port', async () => {
    await addNode();
    expect(workers()).toHaveLength(2);
    await untilAnsweredBy(2);
  });

  test('a node added or removed at the control listener is so for every worker by the time of the answer', async () => {
    const node = await addNode();
    const id = new URL(node.url).host.replace(':', '-');
    expect((await fetch(`${control}/api/nodes/${id}`, { method: 'DELETE' })).status).toBe(200);
    const after = await clicks(40);
    expect(after.map(({ status }) => status)).toEqual(after.map(() => 503));
  });

  test('counts as one: /metrics is the sum, and /stats says the same whoever is asked', async () => {
    await addNode();
    const before = await metric('tmpfleet_redirects_total');
    const made = await untilAnsweredBy(2);
    expect((await metric('tmpfleet_redirects_total')) - before).toBe(made);
    expect(await metric('tmpfleet_workers')).toBe(2);
    expect(await metric('tmpfleet_nodes')).toBe(1);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const headers = { connection: 'close' };
        return frontStatsSchema.parse(await (await fetch(`${url}/stats`, { headers })).json());
      }),
    );
    for (const { available } of answers) expect(available).toBe(100_000);
  });

  test('a worker that is killed is replaced, and readers go on being served meanwhile', async () => {
    await addNode();
    await untilAnsweredBy(2);
    const counted = await until('its counts were told', async () => {
      const first = await metric('tmpfleet_redirects_total');
      return first > 0 ? first : undefined;
    });
    const [victim = 0] = workers();
    process.kill(victim, 'SIGKILL');
    const meanwhile = await until('another is there', async () => {
      const seen = await Promise.allSettled([click()]);
      return workers().length === 2 && !workers().includes(victim) ? seen : undefined;
    });
    expect(meanwhile.every(({ status }) => status === 'fulfilled')).toBe(true);
    await untilAnsweredBy(2);
    expect(await metric('tmpfleet_redirects_total')).toBeGreaterThan(counted);
    expect(run.output()).toContain('a worker is gone; starting another');
  });

  test('stops with code 0 and leaves no process', async () => {
    await addNode();
    expect(await run.stop()).toBe(0);
    expect(workers()).toEqual([]);
  });

  test('killed itself, it leaves no worker behind', async () => {
    run.process.kill('SIGKILL');
    await run.ended;
    await until('the workers have ended', () => workers().length === 0);
  });

  test('says in one line that the port is taken', async () => {
    const other = bench.keep(await listen((_request, response) => response.end()));
    const { port } = new URL(other.url);
    const second = tmpfleet(
      ['redirector', '--workers', '2', '--host', '127.0.0.1', '--port', port, '--control-port', '0'].concat([
        '--data-dir',
        join(dir, 'second'),
      ]),
    );
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`port ${port} on 127.0.0.1 is taken`);
  });
});
