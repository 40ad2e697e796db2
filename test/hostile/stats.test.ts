// Anyone may ask a front for its summary: neither a loop of such requests nor what the summary says may do harm.
import { afterEach, expect, test, vi } from 'vitest';
import { summarize } from '../../redirector/nodes/summary.ts';
import { Bench } from '../redirector/support.ts';
import { until } from '../support/until.ts';

vi.mock('../../redirector/nodes/summary.ts', async (original) => {
  const real = await original<typeof import('../../redirector/nodes/summary.ts')>();
  return { ...real, summarize: vi.fn(real.summarize) };
});

const bench = new Bench();
afterEach(() => bench.clear());

test('32 connections that ask for /stats without end make the front sum up four times a second at most', async () => {
  const front = await bench.front();
  const node = await bench.node({ warm: 1_000, capacity: 1_000 });
  await front.add(node);
  const before = vi.mocked(summarize).mock.calls.length;
  const start = performance.now();
  let answered = 0;
  let ended = false;
  const ask = async (): Promise<void> => {
    while (!ended) {
      const answer = await fetch(`${front.url}/stats`);
      answered += (await answer.text()).includes(node.url) ? 1 : 0;
    }
  };
  const loops = Array.from({ length: 32 }, ask);
  await until('many were answered', () => answered >= 1_000, 60_000);
  ended = true;
  await Promise.all(loops);
  const windows = Math.ceil((performance.now() - start) / 250) + 1;
  expect(vi.mocked(summarize).mock.calls.length - before).toBeLessThanOrEqual(windows);
  expect(answered).toBeGreaterThan(10 * windows);
});

test('the summary has codes: no internal address, nothing of what answered, no words of a sandbox', async () => {
  const front = await bench.front();
  const wrong = await bench.server(
    (_, response) => void response.end('<h1>The intranet of Example Ltd</h1>'),
  );
  const failing = await bench.node({ warm: 0, capacity: 8 });
  failing.override = (request, response) => {
    if (request.url !== '/stats') return false;
    const { fleet, ...stats } = failing.stats();
    const problem = 'no sandbox starts: cannot connect to 10.1.2.3';
    response.end(JSON.stringify({ ...stats, fleet: { ...fleet, problem } }));
    return true;
  };
  await front.add(wrong, failing);
  const text = await (await fetch(`${front.url}/stats`)).text();
  expect(text).not.toMatch(/intranet|10\.1\.2\.3/);
  expect(JSON.parse(text).hosts).toMatchObject({
    [wrong.url]: { down: true, reason: 'bad-report' },
    [failing.url]: { fleet: { problem: 'cannot-start' } },
  });
  // The operators' listener has both.
  const nodes = await (await fetch(`${front.controlUrl}/api/nodes`)).text();
  expect(nodes).toMatch(/intranet/);
  expect(nodes).toMatch(/10\.1\.2\.3/);
});
