// A line at a node without a front: in order of arrival, by held requests, with scripts and without, in JSON, across a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { readError } from '../../shared/api/error.ts';
import { admittedSchema, waitingSchema } from '../../shared/line/answer.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';
import { waitWithoutScript, waitWithScript } from '../support/waiting-reader.ts';

let agent: TestAgent;
afterEach(() => agent.close());

const JSON_ONLY = { accept: 'application/json' };

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(path: string, method: 'GET' | 'POST' = 'GET', headers = {}): Promise<Answer> {
  const answer = await request(`${agent.url}${path}`, { method, headers: { ...JSON_ONLY, ...headers } });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: text === '' ? {} : JSON.parse(text) };
}

async function standIn(path: string): Promise<string> {
  const { status, body } = await ask(path, 'POST');
  expect(status).toBe(503);
  return waitingSchema.parse(body).again;
}

/** Every slot is taken. @returns the sandboxes */
async function full(
  slots: number,
  flags: Readonly<Record<string, string | boolean>> = {},
): Promise<string[]> {
  agent = await startAgent({ capacity: String(slots), ...flags });
  await agent.warm(slots);
  const landed = await Promise.all(
    Array.from({ length: slots }, () => new Reader().click(`${agent.url}/tree`)),
  );
  return landed.map(({ sandbox }) => sandbox ?? '');
}

async function waiting(count: number): Promise<void> {
  await until(`${count} are in line`, async () => {
    const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
    return Number(/^tmpfleet_line_waiting\S* (\d+)$/m.exec(text)?.[1]) === count;
  });
}

test('six readers get in in the order of their arrival, with scripts and without, each into a sandbox of their own', async () => {
  const held = await full(2);
  const order: number[] = [];
  const sandboxes = new Set(held);
  const wait = async (reader: number): Promise<void> => {
    const way = reader % 3 === 2 ? waitWithoutScript : waitWithScript;
    const { location } = await way(() => agent.url, `/tree?reader=${reader}`);
    const { url, sandbox = '' } = await new Reader().click(new URL(location, agent.url).href, /\/user\//);
    order.push(reader);
    expect(url).toContain(`/tree?reader=${reader}`);
    expect(url).not.toContain('tmpfleet-place');
    sandboxes.add(sandbox);
    held.push(sandbox);
  };
  const readers: Promise<void>[] = [];
  for (let reader = 0; reader < 6; reader += 1) {
    readers.push(wait(reader));
    await waiting(reader + 1);
  }
  for (let ended = 0; ended < 6; ended += 1) {
    agent.pool.end(held[ended] ?? '', 'left');
    await until('the next one is in', () => order.length > ended, 30_000);
  }
  await Promise.all(readers);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(sandboxes.size).toBe(8);
  // Those who were let in are counted once, though a page and its script both were.
  const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
  expect(text).toMatch(/^tmpfleet_line_readers_total\{outcome="admitted"[^}]*\} 6$/m);
}, 60_000);

describe('a program', () => {
  test('gets a place, the time to expect, and the address that keeps it, by POST and by GET', async () => {
    await full(1);
    const first = await ask('/tree?x=%22', 'POST');
    expect(first.body).toMatchObject({ status: 'full', code: 'no-room', place: 1, reason: 'full' });
    const { eta, again } = waitingSchema.parse(first.body);
    expect(eta).toBeGreaterThan(0);
    expect(again).toMatch(/^\/tree\?x=%22&tmpfleet-place=[\w-]{48,49}$/);
    expect((await ask('/tree')).body).toMatchObject({ place: 2 });
    // What is for programs is not taken from those in line.
    expect((await ask('/api/spawn', 'POST')).status).toBe(429);
  });

  test('is held, learns where to go, and gets in there', async () => {
    const [taken = ''] = await full(1);
    const again = await standIn('/tree');
    const held = ask(again);
    await waiting(1);
    agent.pool.end(taken, 'left');
    const { status, body } = await held;
    expect(status).toBe(200);
    const { location } = admittedSchema.parse(body);
    expect((await new Reader().click(`${agent.url}${location}`)).sandbox).toBeDefined();
  });
});

test('who comes now does not get the room of one who stands in line', async () => {
  const [taken = ''] = await full(1);
  const again = await standIn('/tree?first');
  agent.pool.end(taken, 'left');
  await agent.warm(1);
  expect((await new Reader().click(`${agent.url}/tree`)).status).toBe(503);
  expect((await ask('/api/spawn', 'POST')).status).toBe(429);
  expect((await new Reader().click(`${agent.url}${again}`)).sandbox).toBeDefined();
});

test('one place gives one sandbox', async () => {
  const [taken = ''] = await full(1);
  const again = await standIn('/tree');
  agent.pool.end(taken, 'left');
  await agent.warm(1);
  const first = await new Reader().click(`${agent.url}${again}`);
  expect(first.sandbox).toBeDefined();
  agent.pool.end(first.sandbox ?? '', 'left');
  await agent.warm(1);
  // Another browser with that address is a new reader at most, and is not let in by it.
  expect((await new Reader().click(`${agent.url}${again}`)).sandbox).toBeUndefined();
});

test('a node that takes no readers says so, keeps their places, and lets them in when it takes some again', async () => {
  const [taken = ''] = await full(1);
  const again = await standIn('/tree');
  await fetch(`${agent.controlUrl}/api/cordon`, { method: 'POST' });
  const headers = { accept: 'text/html', 'accept-language': 'de' };
  const page = await until('the page says so', async () => {
    const text = await (await request(`${agent.url}${again}`, { headers })).body.text();
    return text.includes('data-reason="closed"') ? text : undefined;
  });
  expect(page).toContain('<html lang="de">');
  const held = ask(again);
  agent.pool.end(taken, 'left');
  await fetch(`${agent.controlUrl}/api/uncordon`, { method: 'POST' });
  expect((await held).status).toBe(200);
});

test('a client has a limited number of places', async () => {
  await full(1, { clientPlaces: '2', trustProxy: true });
  const from = (client: string): Promise<Answer> => ask('/tree', 'POST', { 'x-forwarded-for': client });
  const answers = [await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.1')];
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 429]);
  expect(readError(JSON.stringify(answers[2]?.body))?.code).toBe('too-many-places');
  expect((await from('192.0.2.2')).status).toBe(503);
});

test('a node that stops answers those whom it holds, and places outlive its restart', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-line-'));
  const flags = { dataDir, ephemeral: false, capacity: '1', shutdownGrace: '0s' };
  try {
    agent = await startAgent(flags);
    await agent.warm(1);
    const { sandbox = '' } = await new Reader().click(`${agent.url}/tree`);
    const [first, second] = [await standIn('/tree'), await standIn('/tree')];
    const held = ask(first);
    await waiting(2);
    await agent.stop();
    expect(waitingSchema.parse((await held).body).again).toBe(first);
    agent = await startAgent(flags);
    await standIn('/tree');
    const later = ask(second);
    const earlier = ask(first);
    await waiting(3);
    agent.pool.end(sandbox, 'left');
    expect(admittedSchema.parse((await earlier).body).location).toBe(`${first}.wait`);
    // The first one does not come, and is passed over after some seconds.
    expect((await later).status).toBe(200);
  } finally {
    await agent.pool.close({ purge: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 60_000);

test('with a front, a full node sends its readers there, and keeps no line', async () => {
  agent = await startAgent({
    capacity: '1',
    secret: 'a-secret-of-the-fleet',
    frontUrl: 'http://127.0.0.1:1',
  });
  await agent.warm(1);
  await new Reader().click(`${agent.url}/tree`);
  const { url } = await new Reader().click(`${agent.url}/tree`, /^http:\/\/127\.0\.0\.1:1\//);
  expect(url).toContain('http://127.0.0.1:1/tree?ticket=');
  const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
  expect(text).not.toContain('tmpfleet_line_waiting');
});
