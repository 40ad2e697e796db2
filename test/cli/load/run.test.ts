// `tmpfleet load` against servers of the test: what it measures is what happened.
import { afterEach, expect, test } from 'vitest';
import { parseSteps } from '../../../cli/load/profiles/http-file.ts';
import { loadTest, serveTest, type TestServer } from './support.ts';

const servers: TestServer[] = [];
const serve: typeof serveTest = async (handle) => {
  const server = await serveTest(handle);
  servers.push(server);
  return server;
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const GET = parseSteps('steps: [{ get: /, name: front }]', 'x');

test('a server that stops for a while shows in p99 of the open model; the closed model hides it', async () => {
  const stoppingFor = (stopMs: number) => {
    const began = performance.now();
    const isStopped = (): boolean =>
      performance.now() - began > 500 && performance.now() - began < 500 + stopMs;
    const held: (() => void)[] = [];
    setTimeout(() => held.splice(0).forEach((go) => void go()), 500 + stopMs);
    return serve((_, response) => {
      if (isStopped()) held.push(() => response.end('ok'));
      else response.end('ok');
    });
  };
  const http = { profile: 'http', steps: GET } as const;
  const open = await loadTest(
    (await stoppingFor(1_000)).url,
    { rate: 100, for: 2_500, spacing: 'even' },
    http,
  );
  const closed = await loadTest((await stoppingFor(1_000)).url, { closed: 2, for: 2_500 }, http);
  const [seen, hidden] = [open, closed].map(({ steps }) => steps.front);
  console.log(`a stop of 1 s: open model p99 ${seen?.p99_ms} ms, closed model p99 ${hidden?.p99_ms} ms`);
  // Two fifths of the readers came while it stood.
  expect(seen?.count).toBe(250);
  expect(seen?.p99_ms).toBeGreaterThan(900);
  expect(seen?.p90_ms).toBeGreaterThan(600);
  expect(hidden?.max_ms).toBeGreaterThan(900);
  expect(hidden?.p99_ms).toBeLessThan(500);
});
