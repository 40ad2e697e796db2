// What strangers and hostile readers can add to the times that readers' browsers report.
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { type Landing, Reader } from '../support/reader.ts';

let agent: TestAgent;
afterEach(() => agent.close());

const PAGES_OWN = {
  'content-type': 'application/json',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
};

async function claim(beaconSample: string): Promise<Landing> {
  agent = await startAgent({ beaconSample });
  await agent.warm(2);
  return new Reader().click(`${agent.url}/`);
}

async function send(
  { sandbox }: Landing,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await request(`${agent.url}/user/${sandbox}/.tmpfleet/times`, {
    ...{ method: 'POST', headers: { ...PAGES_OWN, ...headers }, body: text },
  });
  await answer.body.dump();
  return answer.statusCode;
}

async function counted(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
  const rows = [...text.matchAll(/^tmpfleet_reader_beacons_total\{outcome="(\w+)"[^}]*\} (\d+)$/gm)];
  const [, observed] = /^tmpfleet_reader_click_to_page_seconds_count\S* (\d+)$/m.exec(text) ?? [];
  return {
    ...Object.fromEntries(rows.map(([, outcome = '', count]) => [outcome, Number(count)])),
    observed: Number(observed),
  };
}

const TIMES = { page_ms: 10, age_ms: 20 };

test('times of a click: who has no key, and a page of another origin, say nothing', async () => {
  const held = await claim('100%');
  expect(await send(held, TIMES, {})).toBe(403);
  const elsewhere = { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.example' };
  expect(await send(held, TIMES, { ...held.own, ...elsewhere })).toBe(403);
  expect(await send(held, TIMES, { ...held.own, 'content-type': 'text/plain' })).toBe(403);
  expect(await counted()).toEqual({ taken: 0, unasked: 0, implausible: 0, malformed: 0, observed: 0 });
});

test('times of a click: a sandbox adds one at most, however often and whatever it sends', async () => {
  const held = await claim('100%');
  expect(await send(held, TIMES, held.own)).toBe(204);
  for (let round = 0; round < 20; round += 1) expect(await send(held, TIMES, held.own)).toBe(400);
  expect(await counted()).toEqual({ taken: 1, unasked: 20, implausible: 0, malformed: 0, observed: 1 });
});

test('times of a click: none that could not be, nor anything else', async () => {
  const held = await claim('100%');
  expect(await send(held, { page_ms: 86_400_000, age_ms: 86_400_000 }, held.own)).toBe(400);
  for (const body of [{ ...TIMES, reader: 'name' }, { page_ms: -1, age_ms: 1 }, 'x'.repeat(10_000), '']) {
    const other = await new Reader().click(`${agent.url}/`);
    expect(await send(other, body, other.own)).toBe(400);
    agent.pool.end(other.sandbox ?? '', 'deleted');
    await agent.warm(1);
  }
  expect(await counted()).toEqual({ taken: 0, unasked: 0, implausible: 1, malformed: 4, observed: 0 });
});

test('times of a click: a sandbox that is not in the sample cannot get into it', async () => {
  const held = await claim('0');
  expect(await send(held, TIMES, held.own)).toBe(400);
  expect(await counted()).toEqual({ taken: 0, unasked: 1, implausible: 0, malformed: 0, observed: 0 });
});
