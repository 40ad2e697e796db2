// The log of arrivals: each click once, nothing about its reader, and `tmpfleet load` can replay it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseTrace, type Replayed } from '../../../cli/load/schedule/trace.ts';
import { ArrivalsLog, arrivalsLogProblems } from '../../../shared/arrivals-log.ts';
import { seededRandom, systemClock } from '../../../shared/clock.ts';
import { Bench, bounce, post, silent } from '../support.ts';

const bench = new Bench();
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-arrivals-'));
afterEach(async () => {
  await bench.clear();
  rmSync(dir, { recursive: true, force: true });
});

test('a line for each click, once, which says nothing about the reader, and is replayed', async () => {
  const file = join(dir, 'arrivals.jsonl');
  const front = await bench.front({ arrivalsLog: file });
  await front.get('/lab');
  const node = await bench.node({ node: 'n1' });
  await front.add(node);
  // As a node is called that was added without a name.
  const name = new URL(node.url).host.replace(':', '-');
  await front.get('/notebooks/very-private.ipynb?name=alice', { 'user-agent': 'reader' });
  await front.get('/alice/secret');
  // No click, and a reader who was counted when they first came.
  await front.get('/tree', { 'sec-purpose': 'prefetch' });
  await front.get(`/tree?ticket=${bounce({ node: 'n1' })}`);
  await bench.clear();
  const text = readFileSync(file, 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ path, node, outcome }) => [path, node, outcome])).toEqual([
    ['lab', undefined, 'no-nodes'],
    ['notebooks', name, 'sent'],
    ['other', name, 'sent'],
  ]);
  for (const line of lines) {
    expect(Object.keys(line).filter((key) => key !== 'node')).toEqual([
      'at',
      'program',
      'path',
      'outcome',
      'ms',
    ]);
    expect(line.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
  expect(text).not.toMatch(/alice|private|reader|\?/);
  expect(statSync(file).mode & 0o077).toBe(0);
  const { arrivals } = parseTrace(text, { path: file, speed: 10 }, seededRandom(1));
  expect(arrivals).toHaveLength(3);
});

test.each(['a file in no directory', 'a pipe that nothing reads'])('%s stops nothing', async (what) => {
  let file = '/nowhere/arrivals.jsonl';
  if (what.includes('pipe')) {
    mkdirSync(dir, { recursive: true });
    file = join(dir, 'pipe');
    execFileSync('mkfifo', [file]);
  }
  const log = new ArrivalsLog({
    config: { arrivalsLog: file },
    program: 'front',
    clock: systemClock,
    logger: silent,
  });
  log.record({ path: '/', outcome: 'sent', tookMs: 1 });
  await log.close();
});

test('programs are in it as well, with what became of them, and the log can be turned off and on by a reload', async () => {
  const [one, two] = [join(dir, 'one.jsonl'), join(dir, 'two.jsonl')];
  mkdirSync(dir, { recursive: true });
  const config = { arrivalsLog: one };
  const log = new ArrivalsLog({ config, program: 'front', clock: systemClock, logger: silent });
  const record = (path: string): void => log.record({ path, outcome: 'sent', tookMs: 1 });
  record('/lab');
  config.arrivalsLog = '';
  record('/never');
  config.arrivalsLog = two;
  record('/tree');
  await log.close();
  const paths = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/"path":"([^"]+)"/g)].map(([, path]) => path);
  expect([paths(one), paths(two)]).toEqual([['lab'], ['tree']]);

  const file = join(dir, 'spawns.jsonl');
  const front = await bench.front({ arrivalsLog: file });
  const ask = (): Promise<Response> => post(`${front.url}/api/spawn`);
  await ask();
  await front.add(await bench.node({ node: 'n1', warm: 1 }));
  await ask();
  await ask();
  await bench.clear();
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ path, outcome }) => [path, outcome])).toEqual([
    ['api/spawn', 'no-nodes'],
    ['api/spawn', 'sent'],
    ['api/spawn', 'full'],
  ]);
  expect(lines[1].node).toMatch(/^127\.0\.0\.1-\d+$/);
  const replayed = (what: Replayed) =>
    parseTrace(readFileSync(file, 'utf8'), { path: file, speed: 10, replayed: what }, seededRandom(1))
      .arrivals;
  expect(replayed('programs')).toHaveLength(3);
  expect(() => replayed('readers')).toThrow(/has no readers, only programs/);
});

test.each([
  [
    '/nowhere/arrivals.jsonl',
    /^arrivals-log: "\/nowhere\/arrivals.jsonl" cannot be written .*make its directory/,
  ],
  [tmpdir(), /^arrivals-log: .* is a directory; expected a file/],
])('a log that cannot be written is wrong before the start: %s', (file, message) => {
  expect(arrivalsLogProblems({ arrivalsLog: file }).join()).toMatch(message);
  expect(arrivalsLogProblems({ arrivalsLog: join(tmpdir(), 'new.jsonl') })).toEqual([]);
});
