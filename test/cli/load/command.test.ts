// `tmpfleet load` from its command line, against a fleet with the local engine.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Report, reportSchema } from '../../../cli/load/report/report.ts';
import { type Demo, startDemo } from '../../support/demo.ts';
import { LIGHT_COMMAND } from '../../support/light-server.ts';
import { type Ended, run } from '../run.ts';

const SLOTS = 40;
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-load-'));
let demo: Demo;
let front = '';
beforeAll(async () => {
  const half = String(SLOTS / 2);
  demo = startDemo([
    ...['--engine', 'local', '--nodes', '2', '--capacity', half, '--warm', half, '--command', LIGHT_COMMAND],
  ]);
  front = await demo.front();
});
afterAll(async () => {
  await demo.end();
  rmSync(dir, { recursive: true });
});

function load(...args: readonly string[]): Promise<Ended> {
  return run(['load', ...args]);
}

test('40 slots, one person and 60 programs: 40 are served, 21 refused; then a reader gives up in line', async () => {
  const person = JSON.parse(
    (await load(front, '--readers', '1', '--for', '1s', '--stay', '0', '--json')).out,
  );
  expect(person.readers).toMatchObject({ arrived: 1, served: 1 });
  expect(Object.keys(person.steps)).toEqual(expect.arrayContaining(['redirect', 'claim', 'page', 'landed']));
  // Front and node say themselves how long they took.
  expect(person.server_timing).toMatchObject({ front: { count: 1 }, node: { count: 1 } });

  const html = join(dir, 'load.html');
  const { code, out, err } = await load(
    ...[
      front,
      '--profile',
      'spawn-api',
      '--readers',
      '60',
      '--for',
      '3s',
      '--stay',
      '30s',
      '--json',
      '--html',
      html,
    ],
    ...['--threshold', 'served==39', '--threshold', 'refused==21', '--threshold', 'errors==0'],
  );
  expect(err).not.toContain('tmpfleet:');
  const { thresholds, ...rest } = JSON.parse(out) as Report & { thresholds: { ok: boolean }[] };
  const report = reportSchema.parse(rest);
  expect(report.statuses.spawn).toEqual({ 200: SLOTS - 1, 429: 21 });
  expect(report.readers).toMatchObject({ arrived: 60, served: SLOTS - 1, refused: 21, failed: 0 });
  expect(thresholds).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
  const byNode = Object.values(report.nodes).map((steps) => steps.spawn?.count);
  expect(byNode.sort()).toEqual([SLOTS / 2 - 1, SLOTS / 2]);
  expect(report.fleet.at(-1)).toMatchObject({ capacity: SLOTS, available: 0, held: SLOTS, nodes: 2 });
  // On a busy machine the generator may be late, and says so.
  expect(code).toBe(report.generator.limits.length > 0 ? 6 : 0);
  const page = readFileSync(html, 'utf8');
  const [, script = ''] = /<script>(\nconst \{ slices[\s\S]*?)<\/script>/.exec(page) ?? [];
  expect(page).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);

  const waiting = await load(
    ...[front, '--readers', '2', '--for', '1s', '--patience', '1s', '--threshold', 'success>99%'],
  );
  expect(waiting.out).toMatch(/2 × refused: left-the-line in line/);
  expect(waiting.out).toContain('MISSED  success>99%  (0%)');
  expect([5, 6]).toContain(waiting.code);
});

test('several reports are added up and held against a plan, and a dry run sends no reader', async () => {
  const one = join(dir, 'one.json');
  const { out } = await load(
    front,
    '--profile',
    'http',
    '--steps',
    steps(),
    '--readers',
    '3',
    '--for',
    '1s',
    '--json',
  );
  writeFileSync(one, out);
  const joined = await load('--join', one, one, '--json');
  expect(reportSchema.parse(JSON.parse(joined.out)).readers).toMatchObject({ arrived: 6, served: 6 });
  const planned = join(dir, 'plan.json');
  const shape = ['--shape', 'constant', '--sandbox-memory', '64m', '--start-time', '200ms', '--cpu', '100ms'];
  const plan = await run(['plan', '--readers', '6', '--over', '2s', ...shape, '--save', planned]);
  expect([plan.code, plan.err]).toEqual([0, expect.any(String)]);
  const checked = await load('--join', one, one, '--check', planned);
  expect(checked.out).toMatch(/MISSED {2}plan: nodes 1 {2}\(2\)\n/);
  expect(checked.out).toMatch(/kept {4}plan: readers 6 {2}\(6\)\n/);
  expect([5, 6]).toContain(checked.code);
  const dry = await load(front, '--dry-run', '--rate', '2', '--for', '5s', '--json');
  expect(JSON.parse(dry.out)).toMatchObject({ model: 'open', readers: 10, seconds: 5 });
});

function steps(): string {
  const path = join(dir, 'steps.yaml');
  writeFileSync(path, 'steps: [{ name: numbers, get: /stats, expect: 200 }]');
  return path;
}

const WRONG: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /url: missing; expected what readers click/],
  [['127.0.0.1:9000'], /url: invalid value "127.0.0.1:9000"/],
  [['http://192.0.2.1/'], /192\.0\.2\.1 is not this machine, and there is no terminal to ask; --yes/],
  [['http://127.0.0.1:1/', '--treshold', 'x'], /unknown option --treshold.*--threshold/],
  [['http://127.0.0.1:1/', '--threshold', 'fast'], /--threshold: invalid value "fast"/],
  [['http://127.0.0.1:1/', '--shape', 'square'], /--shape: invalid value "square"; expected one of constant/],
  [['http://127.0.0.1:1/', '--shape', 'trace:/nowhere'], /the trace \/nowhere cannot be read/],
  [['http://127.0.0.1:1/', '--profile', 'http'], /--steps/],
  [['http://127.0.0.1:1/', '--stay', 'long'], /--stay: invalid value "long"; expected a time/],
  [['--join', '/nowhere'], /--join: \/nowhere is no report/],
  [['http://127.0.0.1:1/', '--check', '/nowhere'], /--check: \/nowhere cannot be read/],
];

test('bad input is named, and nothing is sent', async () => {
  const ended = await Promise.all(WRONG.map(([args]) => load(...args)));
  expect(ended.map(({ code }) => code)).toEqual(WRONG.map(() => 2));
  for (const [index, [, message]] of WRONG.entries()) expect(ended[index]?.err).toMatch(message);
});
