// `tmpfleet load` against a whole fleet, where its readers come in other ways: from a frame of an article, and from many addresses.
import { afterEach, expect, test } from 'vitest';
import { type Report, reportSchema } from '../../cli/load/report/report.ts';
import { run } from '../cli/run.ts';
import { Bench, type Front, SECRET } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';

const ARTICLE = 'https://www.example-journal.org';
const bench = new Bench();
afterEach(() => bench.clear());

async function open(
  flags: { readonly front?: Record<string, string>; readonly node?: Record<string, string> } = {},
): Promise<readonly [Front, TestAgent]> {
  const front = await bench.front(flags.front);
  const given = { capacity: '8', warm: '8', concurrentStarts: '4', frontUrl: front.url, ...flags.node };
  const agent = bench.keep(await startAgent(given, { TMPFLEET_SECRET: SECRET }));
  await agent.warm(Number(given.warm));
  await front.add(agent);
  return [front, agent];
}

async function load(url: string, ...args: readonly string[]): Promise<Report> {
  const { out, err } = await run([
    ...[
      'load',
      url,
      '--stay',
      '0',
      '--page',
      'none',
      '--spacing',
      'even',
      '--patience',
      '1s',
      '--json',
      ...args,
    ],
  ]);
  if (out === '') throw new Error(err);
  const { thresholds: _, ...report } = JSON.parse(out);
  return reportSchema.parse(report);
}

const READERS = ['--readers', '4', '--for', '2s'];

test('readers in a frame of a listed article load its script, and come in by one press', async () => {
  const [front, agent] = await open({ front: { embedOrigins: ARTICLE } });
  const report = await load(`${front.url}/notebooks/a.ipynb`, '--profile', 'embed', ...READERS);
  expect(report.errors).toEqual([]);
  expect(report.readers).toMatchObject({ arrived: 4, served: 4 });
  expect(report.statuses).toMatchObject({ embed_js: { 200: 4 }, redirect: { 303: 4 }, page: { 200: 4 } });
  expect(report.statuses).not.toHaveProperty('launch_page');
  expect(agent.pool.status().claims).toBe(4);
});

test('where the article is not listed, they press the launch page’s button as well', async () => {
  const [front, agent] = await open();
  const report = await load(
    ...[
      `${front.url}/notebooks/a.ipynb`,
      '--profile',
      'embed',
      '--article-origin',
      'https://other.example.org',
    ],
    ...READERS,
  );
  expect(report.errors).toEqual([]);
  expect(report.readers).toMatchObject({ arrived: 4, served: 4 });
  expect(report.statuses).toMatchObject({
    embed_js: { 200: 4 },
    launch_page: { 200: 4 },
    redirect: { 303: 4 },
  });
  expect(agent.pool.status().claims).toBe(4);
});

test('readers of one address meet the limits by client, those of many do not', async () => {
  const limits = { exemptClients: '192.0.2.1', clientArrivals: '2/1h' };
  const [front, agent] = await open({ front: limits, node: limits });
  const one = await load(`${front.url}/lab`, '--from', '127.1.0.9', ...READERS);
  expect(one.readers).toMatchObject({ arrived: 4, served: 2, refused: 2, failed: 0 });
  expect(one.errors).toMatchObject([{ outcome: 'refused', kind: 'http-429', step: 'redirect', count: 2 }]);
  const many = await load(`${front.url}/lab`, '--from', '127.2.0.0/30,127.3.0.4', ...READERS);
  // Of three addresses, one comes twice, as each may.
  expect(many.readers).toMatchObject({ arrived: 4, served: 4, refused: 0 });
  expect(agent.pool.status().claims).toBe(6);
});

test('the sandboxes of one address are limited by the node as well, behind the front', async () => {
  const [front, agent] = await open({ node: { exemptClients: '192.0.2.1', clientSandboxes: '3' } });
  const one = await load(`${front.url}/lab`, '--from', '127.1.0.9', ...READERS);
  expect(one.readers).toMatchObject({ served: 3, refused: 1, failed: 0 });
  expect(one.errors).toMatchObject([{ kind: 'http-429', step: 'claim', count: 1 }]);
  const many = await load(`${front.url}/lab`, '--from', '127.2.0.0/16', ...READERS);
  expect(many.readers).toMatchObject({ served: 4, refused: 0 });
  expect(agent.pool.status().claims).toBe(7);
});

test('an address that is not this machine’s is said in the report', async () => {
  const [front] = await open();
  const report = await load(`${front.url}/lab`, '--from', '192.0.2.7', '--readers', '1', '--for', '1s');
  expect(report.readers).toMatchObject({ served: 0, failed: 1 });
  expect(report.errors).toMatchObject([{ kind: 'EADDRNOTAVAIL', count: 1 }]);
});
