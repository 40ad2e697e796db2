// Five readers waited on a full fleet whose sandboxes were freed one at a time. Each page loaded itself again at a time of its own,
// so they got in in the order 4, 1, 3, 2, 0. And with JavaScript off a page of the front said "tries again by itself".
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Bench } from '../redirector/support.ts';
import { until } from '../support/until.ts';
import { waitWithoutScript } from '../support/waiting-reader.ts';

const bench = new Bench();
afterEach(() => bench.clear());

test('readers who wait without scripts get in in the order in which they came', async () => {
  const front = await bench.front();
  const node = await bench.node({ warm: 0, capacity: 8, held: 8 });
  await front.add(node);
  const order: number[] = [];
  const readers: Promise<void>[] = [];
  for (let reader = 0; reader < 5; reader += 1) {
    const wait = async (): Promise<void> => {
      const { location } = await waitWithoutScript(() => front.url, `/notebooks/${reader}.ipynb?x=1`);
      order.push(reader);
      expect(location).toContain(`${node.url}/notebooks/${reader}.ipynb?x=1&ticket=`);
      await (await fetch(location, { method: 'POST' })).arrayBuffer();
    };
    readers.push(wait());
    // Their arrivals are apart.
    await delay(200);
  }
  for (let freed = 1; freed <= 5; freed += 1) {
    node.free();
    await until(`${freed} readers are in`, () => order.length === freed);
  }
  await Promise.all(readers);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(node.refused).toBe(0);
}, 90_000);
