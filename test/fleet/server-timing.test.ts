// `Server-Timing` on what front and nodes answer themselves, and on nothing else.
import { afterEach, expect, test } from 'vitest';
import { Recorder } from '../../cli/load/measure/recorder.ts';
import { systemClock } from '../../shared/clock.ts';
import { Bench, navigate } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const timingOf = (answer: Response): string => answer.headers.get('server-timing') ?? '';
/** What `tmpfleet load` reads of it. */
function namesIn(timing: string): readonly string[] {
  const recorder = new Recorder(systemClock, 1_000);
  recorder.serverTiming(timing);
  return [...recorder.server.keys()];
}

test('the front says how long a redirect took, and how long a page did', async () => {
  const front = await bench.front();
  await front.add(await bench.node());
  const redirect = await front.get('/notebooks/a.ipynb');
  expect(redirect.status).toBe(302);
  expect(timingOf(redirect)).toMatch(/^front;dur=\d+(\.\d)?$/);
  expect(namesIn(timingOf(redirect))).toEqual(['front']);
  const page = await navigate(`${front.url}/notebooks/a.ipynb`, {
    ...{ 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site', accept: 'text/html' },
  });
  expect(page.status).toBe(200);
  expect(timingOf(page)).toMatch(/^front;dur=/);
  expect(timingOf(await fetch(`${front.controlUrl}/api/nodes`))).toBe('');
});

test('a node says how long the claim took, and of it the wait for a start; a sandbox says nothing of ours', async () => {
  const command = `sh -c 'sleep 0.3; exec ${LIGHT_COMMAND}'`;
  const agent = bench.keep(await startAgent({ capacity: '2', warm: '1', command }));
  await agent.warm(1);
  const warm = await navigate(`${agent.url}/notebooks/a.ipynb`);
  expect(timingOf(warm)).toMatch(/^node;dur=[\d.]+, claim;dur=[\d.]+$/);
  const cold = await navigate(`${agent.url}/notebooks/a.ipynb`);
  expect(cold.status).toBe(302);
  expect(namesIn(timingOf(cold))).toEqual(['node', 'start', 'claim']);
  const cookie = (cold.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const at = new URL(cold.headers.get('location') ?? '', agent.url).href;
  await until('the sandbox answers', async () => (await navigate(at, { cookie })).status === 200);
  expect(timingOf(await navigate(at, { cookie }))).toBe('');
  expect((await navigate(at, { cookie })).headers.get('timing-allow-origin')).toBeNull();
});
