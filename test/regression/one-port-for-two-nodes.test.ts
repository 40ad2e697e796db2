// Two agents on one host (the demo has two) looked for a free port at the same moment and found the same one. One of the two sandboxes
// could not listen there; until its end was noticed, its agent took the other agent's sandbox for it, and led its reader there: a page
// of somebody else, and then "this sandbox has stopped". In a day of 20,000 readers on eight agents nine of them saw that.
import { expect, onTestFinished, test } from 'vitest';
import { reserve, reservePort } from '../../node-agent/engine/local/port.ts';

/** A host has 28,000 ports to choose from: without a reservation, so many are the same for some pairs, each time. */
const COUNT = 1_000;

test('agents that look for ports at the same time find different ones', async () => {
  const agents = await Promise.all(
    ['one', 'other'].map(async () => {
      const reserved = [];
      for (let start = 0; start < COUNT; start += 1) reserved.push(await reservePort());
      return reserved;
    }),
  );
  const all = agents.flat();
  onTestFinished(() => {
    for (const { release } of all) release();
  });
  expect(new Set(all.map(({ port }) => port)).size).toBe(2 * COUNT);
});

test('one is reserved until it is given back', async () => {
  const { port, release } = await reservePort();
  expect(await reserve(port)).toBeUndefined();
  release();
  const again = await reserve(port);
  expect(again?.port).toBe(port);
  again?.release();
});
