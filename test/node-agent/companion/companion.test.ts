// What the node answers below /user/<id>/.tmpfleet/: who may ask, what they are told and when, and what it costs.
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { EventStream } from '../../support/event-stream.ts';
import { processesWith } from '../../support/processes.ts';
import { spawnSandbox } from '../../support/program.ts';
import { type Landing, Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

let agent: TestAgent;
const streams: EventStream[] = [];
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.close();
  await agent.close();
});

const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
const JSON_BODY = { 'content-type': 'application/json' };

interface Held extends Landing {
  readonly base: string;
  readonly id: string;
}

async function open(flags: Readonly<Record<string, string | boolean>> = {}): Promise<Held> {
  agent = await startAgent({ keepBusy: false, ...flags });
  await agent.warm(2);
  return click();
}

async function click(): Promise<Held> {
  const landing = await new Reader().click(`${agent.url}/`);
  const id = landing.sandbox ?? '';
  return { ...landing, id, base: `${agent.url}/user/${id}/.tmpfleet/` };
}

async function listen({ base, own }: Held, headers: Record<string, string> = { ...own, ...SAME_ORIGIN }) {
  const stream = await EventStream.open(`${base}events`, headers);
  streams.push(stream);
  return stream;
}

function post({ base, own }: Held, name: string, headers: Record<string, string> = {}, body = '{}') {
  return request(`${base}${name}`, {
    method: 'POST',
    headers: { ...own, ...SAME_ORIGIN, ...JSON_BODY, ...headers },
    body,
  });
}

const lastUseOf = (id: string): number => agent.pool.table.get(id)?.lastUse ?? 0;
const control = (path: string, method: string, body?: string) =>
  fetch(`${agent.controlUrl}${path}`, { method, ...(body === undefined ? {} : { body }) });

test('its owner learns when it ends, by a stream and by a single answer', async () => {
  const held = await open({
    ...{ idle: '1h', maxAge: '4h', frontUrl: 'https://try.example.org', beaconSample: '0' },
  });
  const stream = await listen(held);
  expect([stream.status, stream.contentType]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const state = {
    deadline: { left_ms: expect.any(Number), why: 'age' },
    idle: { left_ms: expect.any(Number), limit_ms: 3_600_000, warn_ms: 300_000 },
    home: 'https://try.example.org',
    asks_times: false,
  };
  expect(await stream.has('state')).toEqual(state);
  const answer = await request(`${held.base}state`, { headers: { ...held.own, ...SAME_ORIGIN } });
  const body = await answer.body.json();
  expect(body).toEqual(state);
  expect(answer.headers['cache-control']).toBe('no-store');
});

test('a stranger learns nothing, and can do nothing', async () => {
  const held = await open();
  const other = await click();
  for (const headers of [{}, { ...other.own }]) {
    expect((await listen(held, { ...headers, ...SAME_ORIGIN })).status).toBe(403);
    for (const name of ['state', 'stay', 'end']) {
      const method = name === 'state' ? 'GET' : 'POST';
      const answer = await request(`${held.base}${name}`, { method, headers: { ...headers, ...JSON_BODY } });
      expect(answer.statusCode).toBe(403);
      await answer.body.dump();
    }
  }
  expect(agent.pool.table.get(held.id)?.state).toBe('active');
});

test('a program with the key may ask, too', async () => {
  agent = await startAgent();
  const { base, headers } = await spawnSandbox(agent.url);
  expect((await request(`${base}.tmpfleet/state`, { headers })).statusCode).toBe(200);
});

test('a stream is no use, and keeps no abandoned sandbox', async () => {
  const held = await open({ idle: '3s', cullInterval: '100ms' });
  const used = lastUseOf(held.id);
  const stream = await listen(held);
  await stream.has('state');
  expect(lastUseOf(held.id)).toBe(used);
  expect(await stream.has('ended')).toEqual({ reason: 'idle' });
  await until('it is over', () => stream.isOver);
});

test('stay is use, and so is what the reader did a while ago', async () => {
  const held = await open();
  const used = lastUseOf(held.id);
  const answer = await post(held, 'stay');
  expect(answer.statusCode).toBe(200);
  const { idle }: { idle?: { left_ms: number } } = Object(await answer.body.json());
  expect(idle?.left_ms).toBeGreaterThan(3_599_000);
  const stayed = lastUseOf(held.id);
  expect(stayed).toBeGreaterThan(used);
  // Before the last use: no news.
  await (await post(held, 'stay', {}, '{"ago_ms":3000000}')).body.dump();
  expect(lastUseOf(held.id)).toBe(stayed);
  for (const body of ['', '{"ago_ms":-5}', '{"ago_ms":"x"}', 'x'.repeat(300)]) {
    const refused = await post(held, 'stay', {}, body).catch(() => undefined);
    expect(refused?.statusCode ?? 400).toBe(400);
    await refused?.body.dump();
  }
  expect(lastUseOf(held.id)).toBe(stayed);
});

test('nothing keeps it beyond --max-age', async () => {
  const held = await open({ maxAge: '3s', cullInterval: '100ms' });
  const stream = await listen(held);
  await until('it ends', async () => {
    await (await post(held, 'stay')).body.dump();
    return stream.count('ended') > 0;
  });
  expect(await stream.has('ended')).toEqual({ reason: 'expired' });
});

test.each([
  ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
  ['a page below the same domain', { 'sec-fetch-site': 'same-site', origin: 'https://b.example.org' }],
  ['a form of its own', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a form that sends text', { 'content-type': 'text/plain', 'sec-fetch-mode': 'navigate' }],
])('%s cannot keep or end it', async (_, headers) => {
  const held = await open();
  const used = lastUseOf(held.id);
  for (const name of ['stay', 'end']) {
    const answer = await post(held, name, headers);
    expect(answer.statusCode).toBe(403);
    await answer.body.dump();
  }
  expect(lastUseOf(held.id)).toBe(used);
  expect(agent.pool.table.get(held.id)?.state).toBe('active');
});

test('with --open-urls another site cannot, either', async () => {
  const held = await open({ openUrls: true });
  const answer = await post(held, 'end', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' });
  expect(answer.statusCode).toBe(403);
  await answer.body.dump();
});

test('its reader can end it, and every tab learns of it', async () => {
  const held = await open();
  const stream = await listen(held);
  await stream.has('state');
  expect((await post(held, 'end')).statusCode).toBe(202);
  expect(await stream.has('ended', 5_000)).toEqual({ reason: 'left' });
});

test('an operator, a crash and a drain are told within five seconds', async () => {
  const held = await open({ capacity: '3', warm: '2', command: 'scratchpad' });
  const one = await listen(held);
  await one.has('state');
  await control(`/api/sandboxes/${held.id}`, 'DELETE');
  expect(await one.has('ended', 5_000)).toEqual({ reason: 'deleted' });

  await agent.warm(2);
  const crashing = await click();
  const two = await listen(crashing);
  await two.has('state');
  crash(crashing.id);
  expect(await two.has('ended', 5_000)).toEqual({ reason: 'killed' });

  await agent.warm(2);
  const draining = await click();
  const three = await listen(draining);
  await three.has('state');
  await control('/api/drain', 'POST', '{"deadline":"2s"}');
  const drained = await until(
    'the drain is announced',
    () => three.events.find(({ data }) => JSON.stringify(data).includes('"why":"drain"')),
    5_000,
  );
  expect(drained.name).toBe('state');
  expect(await three.has('ended', 10_000)).toEqual({ reason: 'drained' });
});

test('what has ended says why, for a while', async () => {
  const held = await open();
  await control(`/api/sandboxes/${held.id}`, 'DELETE');
  const answer = await until('it is gone', async () => {
    const asked = await request(`${held.base}state`, { headers: { ...held.own, ...SAME_ORIGIN } });
    await asked.body.dump();
    return asked.statusCode === 404 ? asked : undefined;
  });
  expect(answer.headers['tmpfleet-ended']).toBe('deleted');
});

test('a sandbox has twenty streams at most; one that closes makes room', async () => {
  const held = await open();
  const all = await Promise.all(Array.from({ length: 22 }, () => listen(held)));
  expect(all.filter(({ status }) => status === 200)).toHaveLength(20);
  expect(all.filter(({ status }) => status === 429)).toHaveLength(2);
  const metric = async () =>
    /companion_streams\{[^}]*\} (\d+)/.exec(await (await control('/metrics', 'GET')).text())?.[1];
  expect(await metric()).toBe('20');
  all.find(({ status }) => status === 200)?.close();
  await until('there is room', async () => (await listen(held)).status === 200);
});

test('addresses and methods that are not there are refused, and no sandbox gets them', async () => {
  const held = await open();
  const ask = async (name: string, method: 'GET' | 'POST' | 'PUT') => {
    const answer = await request(`${held.base}${name}`, {
      method,
      headers: { ...held.own, ...SAME_ORIGIN, ...JSON_BODY },
    });
    const text = await answer.body.text();
    return [answer.statusCode, Object(JSON.parse(text)).code];
  };
  expect(await ask('constructor', 'GET')).toEqual([404, 'no-such-path']);
  expect(await ask('', 'GET')).toEqual([404, 'no-such-path']);
  expect(await ask('stay', 'GET')).toEqual([405, 'method-not-allowed']);
  expect(await ask('events', 'PUT')).toEqual([405, 'method-not-allowed']);
});

/** Kills the program of a sandbox of the local engine. */
function crash(id: string): void {
  const [pid] = processesWith(`/user/${id}`).concat(processesWith(`user/${id}`));
  if (pid === undefined) throw new Error(`no process serves ${id}`);
  process.kill(pid, 'SIGKILL');
}
