// A burst of claims: a few sandboxes are asked whether they answer, and the others are given out by the answer of the last sweep. Three
// hundred checks at once took longer than a healthy sandbox may, on a busy host: it was ended, and its reader refused.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, afterEach, expect, test } from 'vitest';
import { HealthCheck } from '../../../node-agent/pool/health-check.ts';
import { createSandbox, type Sandbox } from '../../../node-agent/sandboxes/table.ts';
import { createTestLog } from '../../support/test-logger.ts';
import { until } from '../../support/until.ts';

/** Sandboxes' requests that wait for an answer. */
const held: ServerResponse[] = [];
const server = createServer((_, response) => held.push(response));
server.listen(0, '127.0.0.1');
afterAll(() => server.close());
afterEach(() => {
  for (const response of held.splice(0)) response.destroy();
});

const SECOND = 1_000;

/** Checks at a moment at which each of the sandboxes last answered `age` ms ago. */
async function burst(count: number, age: number) {
  if (!server.listening) await once(server, 'listening');
  let now = 0;
  const unresponsive: string[] = [];
  const health = new HealthCheck({
    clock: { now: () => now, monotonic: () => now },
    logger: createTestLog().logger,
    onUnresponsive: ({ id }) => unresponsive.push(id),
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('it listens at a port');
  const { port } = address;
  const sandboxes = Array.from({ length: count }, (): Sandbox => {
    const sandbox = createSandbox({ image: 'i', recipe: 'r', createdAt: 0 });
    sandbox.address = { host: '127.0.0.1', port };
    health.answered(sandbox);
    return sandbox;
  });
  now = age;
  const found: boolean[] = [];
  const all = Promise.all(sandboxes.map(async (each) => found.push(await health.confirm(each))));
  return { health, found, all };
}

test('in a burst eight sandboxes are asked, and the others trusted by their last answer', async () => {
  const { found, all } = await burst(100, 20 * SECOND);
  await until('eight are asked', () => held.length === 8);
  expect(found).toEqual(Array.from({ length: 92 }, () => true));
  for (const response of held) response.end('ok');
  await all;
  expect([found.length, found.every(Boolean), held.length]).toEqual([100, true, 8]);
});

test('one whose last answer no sweep has renewed is asked also in a burst, in its turn', async () => {
  const { health, found, all } = await burst(20, 300 * SECOND);
  await until('eight are asked', () => held.length === 8);
  expect(found).toEqual([]);
  const answering = setInterval(() => {
    for (const response of held) if (!response.writableEnded) response.end('ok');
  }, 5);
  await all;
  clearInterval(answering);
  expect([found.length, held.length]).toEqual([20, 20]);
  health.stop();
});

test('one after another, each is asked', async () => {
  const { found, all } = await burst(1, 20 * SECOND);
  await until('it is asked', () => held.length === 1);
  expect(found).toEqual([]);
  held[0]?.destroy();
  await all;
  expect(found).toEqual([false]);
});
