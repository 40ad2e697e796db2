// Thirty readers in line for eight sandboxes that end at random, at two fronts of which one is killed and started again: all get in,
// in the order in which they came, with scripts and without. A balancer in front leads each request to any front that answers.
//
// A sandbox is kept for some seconds for a reader who is between two requests. So where two are free, one who came later may be seen to
// get in first: no reader who is asking is passed over, and one who was not gets in soon.
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { listen, seeded, type TestServer } from '../redirector/support.ts';
import { Reader } from '../support/reader.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';
import { type Entry, waitWithoutScript, waitWithScript } from '../support/waiting-reader.ts';

const SECRET = 'a-secret-of-the-fleet-in-line';
const READERS = 30;
const SLOTS = 8;
/** Time from one ending to the next, ms. */
const SHORTEST_GAP = 2_000;
const LONGEST_GAP = 5_000;

const runs: Run[] = [];
const servers: TestServer[] = [];
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-line-'));
afterEach(async () => {
  await Promise.all(runs.splice(0).map((run) => run.stop()));
  for (const server of servers.splice(0)) await server.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Program {
  readonly run: Run;
  readonly url: string;
  readonly control: string;
}

async function start(name: string, args: readonly string[]): Promise<Program> {
  const listen = ['--host', '127.0.0.1', '--control-port', '0', '--log-format', 'json'];
  const run = tmpfleet([...args, ...listen, '--data-dir', join(dir, name)], { TMPFLEET_SECRET: SECRET });
  runs.push(run);
  const [, url = '', control = ''] = await run.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/);
  return { run, url, control };
}

async function waiting({ control }: Program): Promise<number> {
  const text = await (await fetch(`${control}/metrics`)).text();
  return Number(/^tmpfleet_line_waiting\S* (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Long enough for a front to know of a request, and of a sandbox that is free. ms */
const KNOWN_MS = 2_000;
/** A page without scripts comes back after 3 s; then its reader gets in. ms */
const COMES_BACK_MS = 10_000;

/** Since when a request of each reader is open at a front, by `performance.now()`. */
type Asking = Map<number, number>;

/** Leads each request to any of the fronts that answers, as a balancer with retries does. */
async function balance(fronts: () => readonly string[], asking: Asking): Promise<TestServer> {
  return listen((incoming, response) => {
    const reader = Number(/[?&]reader=(\d+)/.exec(incoming.url ?? '')?.[1]);
    response.once('close', () => asking.delete(reader));
    const forward = ([front, ...others]: readonly string[]): void => {
      if (front === undefined) {
        response.writeHead(502).end();
        return;
      }
      asking.set(reader, performance.now());
      const { method, headers, url } = incoming;
      const outgoing = request(new URL(url ?? '/', front), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => !response.headersSent && !response.destroyed && forward(others));
      response.once('close', () => outgoing.destroy());
      outgoing.end();
    };
    forward(fronts());
  });
}

const sandboxesSchema = z.array(z.object({ id: z.string(), state: z.string() }));

test('thirty readers get in in the order of their arrival, at two fronts of which one is killed', async () => {
  const random = seeded(13);
  const fronts: Program[] = [];
  const asking: Asking = new Map();
  const balancer = await balance(() => {
    const urls = fronts.map(({ url }) => url);
    return random() < 0.5 ? urls : urls.toReversed();
  }, asking);
  servers.push(balancer);
  const nodes = await Promise.all(
    ['n1', 'n2'].map((name) =>
      start(name, [
        ...['node-agent', '--node-id', name, '--engine', 'local', '--ephemeral', '--port', '0'],
        ...['--front-url', balancer.url],
        ...['--capacity', String(SLOTS / 2), '--warm', String(SLOTS / 2), '--client-sandboxes', '0'],
      ]),
    ),
  );
  const front = (name: string, port: string): Promise<Program> =>
    start(name, ['redirector', '--port', port, '--nodes', nodes.map(({ url }) => url).join(',')]);
  fronts.push(await front('f1', '0'), await front('f2', '0'));
  const available = z.object({ available: z.number() });
  const allKnow = (free: number): Promise<unknown> =>
    until(`both fronts know of ${free} sandboxes`, async () => {
      const stats = await Promise.all(fronts.map(async ({ url }) => (await fetch(`${url}/stats`)).json()));
      return stats.every((each) => available.parse(each).available === free);
    });
  await allKnow(SLOTS);
  const [first, second] = fronts;
  if (first === undefined || second === undefined) throw new Error('there are two');
  const landings = await Promise.all(
    Array.from({ length: SLOTS }, () => new Reader().click(`${first.url}/tree`)),
  );
  expect(new Set(landings.map(({ sandbox }) => sandbox)).size).toBe(SLOTS);
  await allKnow(0);

  const order: number[] = [];
  const entries: Entry[] = [];
  const unfair: string[] = [];
  /** Readers who were not asking when a later one got in, by when that was. */
  const overtakenAt = new Map<number, number>();
  const getsIn = (reader: number): void => {
    const now = performance.now();
    const at = overtakenAt.get(reader) ?? now;
    if (now - at > COMES_BACK_MS)
      unfair.push(`${reader} got in ${Math.round(now - at)} ms after a later one`);
    for (let earlier = 0; earlier < reader; earlier += 1) {
      if (order.includes(earlier)) continue;
      const since = asking.get(earlier) ?? now;
      if (now - since > KNOWN_MS) unfair.push(`${reader} got in before ${earlier}, who was asking`);
      if (!overtakenAt.has(earlier)) overtakenAt.set(earlier, now);
    }
    order.push(reader);
  };
  const wait = async (reader: number): Promise<void> => {
    const way = reader % 3 === 2 ? waitWithoutScript : waitWithScript;
    const entry = await way(() => balancer.url, `/tree?reader=${reader}`);
    getsIn(reader);
    entries.push(entry);
    expect((await new Reader().click(entry.location)).url).toContain(`/tree?reader=${reader}`);
  };
  const readers: Promise<void>[] = [];
  for (let reader = 0; reader < READERS; reader += 1) {
    readers.push(wait(reader));
    await delay(100);
  }
  await until('all are in line', async () => (await waiting(first)) + (await waiting(second)) >= READERS);

  const endOne = async (): Promise<void> => {
    const node = nodes[random() < 0.5 ? 0 : 1] ?? nodes[0];
    const answer = await fetch(`${node?.control}/api/sandboxes`);
    const held = sandboxesSchema
      .parse(await answer.json())
      .filter(({ state }) => state === 'claimed' || state === 'active');
    const unlucky = held[Math.floor(random() * held.length)];
    if (unlucky !== undefined)
      await fetch(`${node?.control}/api/sandboxes/${unlucky.id}`, { method: 'DELETE' });
  };
  let freed = 0;
  const ending = (async (): Promise<void> => {
    while (order.length < READERS) {
      await endOne();
      freed += 1;
      if (freed === READERS / 2) {
        first.run.process.kill('SIGKILL');
        await first.run.ended;
        const { port } = new URL(first.url);
        await front('f1', port);
      }
      await delay(SHORTEST_GAP + random() * (LONGEST_GAP - SHORTEST_GAP));
    }
  })();
  await Promise.all([...readers, ending]);
  expect(unfair, `got in: ${order.join(' ')}`).toEqual([]);

  const tooMany = entries.filter(({ requests, seconds }) => requests - 2 > 4 * Math.ceil(seconds / 60));
  expect(tooMany).toEqual([]);
  const errors = entries.flatMap(({ told, seconds }) =>
    told.filter(({ at }) => at > 60_000).map(({ eta, at }) => Math.abs(at / 1_000 + eta - seconds) / seconds),
  );
  const median = errors.sort((one, other) => one - other)[Math.floor(errors.length / 2)];
  expect(errors.length).toBeGreaterThan(5);
  expect(median).toBeLessThanOrEqual(0.2);
}, 300_000);
