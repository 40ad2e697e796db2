// `tmpfleet record`: logs of arrivals become one trace, which `tmpfleet load` replays.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { run } from '../run.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-record-'));
afterAll(() => rmSync(dir, { recursive: true }));

interface Line {
  readonly at: string;
  readonly program?: string;
  readonly path?: string;
  readonly outcome?: string;
  readonly ms?: number;
  readonly [further: string]: unknown;
}

function logOf(name: string, lines: readonly Line[]): string {
  const path = join(dir, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

const front = { program: 'front', path: 'notebooks', outcome: 'sent', ms: 2 };
const one = logOf('one.jsonl', [
  { at: '2026-01-31T18:00:00Z', ...front },
  { at: '2026-01-31T18:00:05Z', ...front, ms: 4, reader: 'alice' },
  { at: '2026-01-31T18:00:09Z', ...front, path: 'api/spawn' },
]);
const two = logOf('two.jsonl', [
  { at: '2026-01-31T18:00:05Z', ...front, outcome: 'full', ms: 3000 },
  { at: '2026-01-31T18:01:00Z', ...front },
]);
const node = logOf('node.jsonl', [
  { at: '2026-01-31T18:00:00Z', program: 'node', path: 'notebooks', outcome: 'claimed' },
]);

test('logs of two fronts and a node are one trace in order, without the node’s lines, and replayed by kind', async () => {
  const out = join(dir, 'trace.jsonl');
  const made = await run(['record', one, two, node, '--out', out, '--json']);
  expect(made.err).toBe('');
  expect(JSON.parse(made.out)).toEqual({
    ...{ readers: 4, programs: 1, seconds: 61, peak_second: 2, peak_minute: 4, left_out: 1 },
    ...{ first: '2026-01-31T18:00:00.000Z', last: '2026-01-31T18:01:00.000Z' },
    outcomes: [
      { outcome: 'sent', count: 4, p50_ms: 2, p99_ms: 4 },
      { outcome: 'full', count: 1, p50_ms: 3000, p99_ms: 3000 },
    ],
  });
  const text = readFileSync(out, 'utf8');
  const times = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).at.slice(14, 19));
  expect(times).toEqual(['00:00', '00:05', '00:05', '00:09', '01:00']);
  // What the log does not write itself is not passed on either.
  expect(text).not.toContain('alice');
  expect(statSync(out).mode & 0o077).toBe(0);
  const replay = async (profile: string): Promise<number> => {
    const args = [
      'load',
      '--shape',
      `trace:${out}`,
      '--speed',
      '60',
      '--profile',
      profile,
      '--dry-run',
      '--json',
    ];
    return JSON.parse((await run(args)).out).readers;
  };
  expect(await Promise.all(['jupyter', 'spawn-api'].map(replay))).toEqual([4, 1]);
});

test('without --out the trace goes to standard output, cut to a time, and what is in it to standard error', async () => {
  const args = ['--since', '2026-01-31T18:00:05Z', '--until', '2026-01-31T18:01:00Z'];
  const { code, out, err } = await run(['record', one, two, ...args]);
  expect([code, out.trimEnd().split('\n').length]).toEqual([0, 3]);
  expect(err).toMatch(/^2 readers and 1 program from 2026-01-31T18:00:05Z to 2026-01-31T18:00:09Z \(5 s\)\n/);
  expect(err).toMatch(/ {2}sent +2 {3}answered after 2 ms \(p99 4 ms\)\n/);
});

test.each<readonly [args: readonly string[], code: number, message: RegExp]>([
  [[], 1, /missing required argument 'file'/],
  [['/nowhere'], 2, /file: the trace \/nowhere cannot be read/],
  [[one, '--json'], 2, /--json: .*give --out FILE/],
  [[one, '--since', 'noon'], 2, /--since: invalid value "noon"; expected a day or a time with its zone/],
  [
    [one, '--since', '2027-01-01'],
    2,
    /no arrivals in that time; the files are about 2026-01-31T18:00:00Z to/,
  ],
  [[one, '--out', '/nowhere/x'], 1, /--out: \/nowhere\/x cannot be written/],
])('bad input is named: %j', async (args, code, message) => {
  const ended = await run(['record', ...args]);
  expect(ended.err).toMatch(message);
  expect(ended.code).toBe(args.length === 0 ? 2 : code);
});
