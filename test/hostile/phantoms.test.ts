// Requests that are not followed must not close the fleet to readers.
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { Bench, type Front, type TestNode } from '../redirector/support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

async function fleet(warm: number): Promise<[Front, TestNode]> {
  const front = await bench.front();
  const node = await bench.node({ warm, capacity: warm });
  await front.add(node);
  return [front, node];
}

/** Clicks and goes where the front says. */
async function read(front: Front): Promise<number> {
  const { status, headers } = await front.get('/tree');
  const location = headers.get('location');
  return location === null ? status : (await request(location)).statusCode;
}

test('ten GETs on six free slots leave all six to readers', async () => {
  const [front, node] = await fleet(6);
  for (let turn = 0; turn < 10; turn += 1) {
    const answer = await request(`${front.url}/tree`, { headers: { accept: '*/*' } });
    expect(answer.statusCode).toBe(302);
    await answer.body.dump();
  }
  for (let turn = 0; turn < 6; turn += 1) expect(await read(front)).toBe(200);
  expect(node.claims).toBe(6);
  expect((await front.get('/')).status).toBe(503);
});

test('ten that look like clicks on six free slots delay readers, and keep out none', async () => {
  const [front, node] = await fleet(6);
  for (let turn = 0; turn < 10; turn += 1) await front.get('/tree');
  for (let turn = 0; turn < 6; turn += 1) expect(await read(front)).toBe(200);
  expect(node.claims).toBe(6);
});

test('forty a second that look like clicks do not keep forty slots shut', async () => {
  const [front, node] = await fleet(40);
  const stop = new AbortController();
  const flood = (async () => {
    const open: Promise<unknown>[] = [];
    while (!stop.signal.aborted) {
      open.push(front.get('/tree'));
      await delay(25);
    }
    await Promise.all(open);
  })();
  // The flood has reserved every slot by now.
  await delay(1_500);
  const readers = await Promise.all(Array.from({ length: 10 }, () => read(front)));
  stop.abort();
  await flood;
  expect(readers).toEqual(new Array(10).fill(200));
  expect(node.claims).toBe(10);
});
