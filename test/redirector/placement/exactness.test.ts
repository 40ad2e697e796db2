// The crowd of issue 2 at the front alone: as many redirects as sandboxes, however polls and arrivals interleave.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { until } from '../../support/until.ts';
import { Bench, type Front } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** Clicks, and arrives at the node after `wander` ms; returns the status of the front's answer. */
async function click(front: Front, wander: number): Promise<number> {
  const answer = await front.get('/notebooks/a.ipynb');
  const location = answer.headers.get('location');
  await answer.arrayBuffer();
  if (location !== null) {
    await delay(wander);
    await (await fetch(location, { method: 'POST' })).arrayBuffer();
  }
  return answer.status;
}

const JSON_ONLY = { accept: 'application/json' };
const standingSchema = z.object({ place: z.number(), again: z.string() });

/** As a program does. */
async function standInLine(front: Front): Promise<z.infer<typeof standingSchema>> {
  const answer = await fetch(`${front.url}/notebooks/a.ipynb`, { method: 'POST', headers: JSON_ONLY });
  return standingSchema.parse(await answer.json());
}

function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('fifty readers at two nodes of eight', () => {
  test('all at once: 16 redirects, 34 times 503', async () => {
    const front = await bench.front();
    const nodes = [await bench.node(), await bench.node()];
    await front.add(...nodes);
    const statuses = await Promise.all(Array.from({ length: 50 }, () => click(front, 0)));
    expect(tally(statuses)).toEqual({ 302: 16, 503: 34 });
    expect(nodes.map(({ warm, refused }) => [warm, refused])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('over a second, with different travel times, while the nodes are polled: the same', async () => {
    const front = await bench.front({ pollInterval: '100ms' });
    const nodes = [await bench.node(), await bench.node()];
    await front.add(...nodes);
    const before = nodes.map(({ polls }) => polls);
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await delay(index * 20);
        return click(front, (index * 37) % 400);
      }),
    );
    expect(tally(statuses)).toEqual({ 302: 16, 503: 34 });
    expect(nodes.map(({ refused }) => refused)).toEqual([0, 0]);
    // Reports came in all the while: it was the estimate that held.
    for (const [index, { polls }] of nodes.entries()) expect(polls).toBeGreaterThan((before[index] ?? 0) + 3);
  });

  test('a reader who leaves makes room for exactly one other, the first in line', async () => {
    const front = await bench.front();
    const nodes = [
      await bench.node({ warm: 0, capacity: 2, held: 2 }),
      await bench.node({ warm: 0, capacity: 2, held: 2 }),
    ];
    await front.add(...nodes);
    const waiting: z.infer<typeof standingSchema>[] = [];
    for (let reader = 0; reader < 5; reader += 1) {
      waiting.push(await standInLine(front));
      // Those who come in the same millisecond have no order that they could know of.
      await delay(2);
    }
    const [first] = waiting;
    const admitted: unknown[] = [];
    const asked = waiting.map(async (reader) => {
      const answer = await fetch(`${front.url}${reader.again}`, { headers: JSON_ONLY });
      if (answer.status === 200) admitted.push(reader);
    });
    nodes[0]?.free();
    await until('one is let in', () => admitted.length > 0);
    expect(tally(await Promise.all(Array.from({ length: 9 }, () => click(front, 0))))).toEqual({ 503: 9 });
    await front.close();
    await Promise.all(asked);
    expect(admitted).toEqual([first]);
  });

  test('without a secret no slot is given to two readers within the window of time', async () => {
    // Held for longer than the window, readers would be sent: those before them never arrive.
    const front = await bench.front({ holdFor: '0s' }, { secret: '' });
    await front.add(await bench.node({ plain: true }), await bench.node({ plain: true }));
    const statuses = await Promise.all(
      Array.from({ length: 50 }, () => front.get('/').then(({ status }) => status)),
    );
    expect(tally(statuses)).toEqual({ 302: 16, 503: 34 });
  });
});
