// Reports of `tmpfleet load`: thresholds, adding up several generators, and what is written for people and spreadsheets.
import { expect, test } from 'vitest';
import { Times } from '../../../cli/load/measure/histogram.ts';
import { Recorder } from '../../../cli/load/measure/recorder.ts';
import { makeCsv } from '../../../cli/load/report/csv.ts';
import { makeHtml } from '../../../cli/load/report/html.ts';
import { joinReports } from '../../../cli/load/report/join.ts';
import { makeReport, type Report, reportSchema } from '../../../cli/load/report/report.ts';
import { summarize } from '../../../cli/load/report/summary.ts';
import { judge, parseThreshold } from '../../../cli/load/report/thresholds.ts';

const HOSTILE = '</script><script>alert(1)</script>\u001b[2J';

/** One reader every 100 ms, each with a latency that grows by 1 ms; the last `refused` of 100 are refused. */
function made({ refused = 0, startedAt = '2026-01-31T18:00:00.000Z', first = 1 } = {}): Report {
  const clock = { time: 0, monotonic: () => clock.time };
  const recorder = new Recorder(clock, 1_000);
  for (let reader = 0; reader < 100; reader += 1) {
    clock.time = reader * 100;
    recorder.arrive();
    recorder.time('redirect', first + reader, 'node1');
    recorder.status('redirect', reader < 100 - refused ? 302 : 429);
    const problem = { outcome: 'refused', kind: 'http-429', step: 'redirect', node: '' } as const;
    if (reader >= 100 - refused) recorder.error({ ...problem, example: HOSTILE });
    recorder.end(reader < 100 - refused ? 'served' : 'refused');
    recorder.leave();
  }
  const watched = { late_ms: 1, late_readers: 0, started: 100, loop_delay_ms: 11, cpu: 0.1, memory_mib: 90 };
  const sample = {
    capacity: 10,
    available: 4,
    warm: 4,
    starting: 0,
    held: 6,
    waiting: 0,
    nodes: 2,
    nodes_down: 0,
  };
  return makeReport(
    {
      ...{ url: 'http://127.0.0.1:9000/', profile: 'jupyter', arrivals: 'constant', model: 'open', seed: 1 },
      ...{ started_at: startedAt, interrupted: false, elapsedMs: 10_000, sliceMs: 1_000 },
    },
    recorder,
    { generator: { ...watched, skipped: 0, limits: [] }, fleet: [{ second: 1.2, ...sample }] },
  );
}

test.each([
  ['redirect.p99<100ms', true],
  ['redirect.p50 > 51ms', false],
  ['redirect.p99.9<=0.1s', true],
  ['redirect.max==100ms', true],
  ['redirect.mean<50ms', false],
  ['redirect.count==100', true],
  ['success>=80%', true],
  ['success>99.9%', false],
  ['refused==20', true],
  ['refused<=20%', true],
  ['errors==0', true],
  ['served<80', false],
  // What was not measured has not been kept.
  ['first_output.p99<1h', false],
])('%s is kept: %s', (text, ok) => {
  expect(judge(parseThreshold(text), made({ refused: 20 }))).toMatchObject({ text, ok });
});

test.each([
  '',
  'p99<5ms',
  'redirect<5ms',
  'redirect.p99<5',
  'redirect.p100<5ms',
  'success>0.9',
  'success>x%',
])('%j is no threshold', (text) => expect(() => parseThreshold(text)).toThrow(/--threshold: invalid value/));

test('several generators add up exactly, whenever each began', () => {
  const [one, other] = [made(), made({ refused: 10, first: 101, startedAt: '2026-01-31T18:00:03.200Z' })];
  const joined = joinReports([one, other]);
  expect(reportSchema.parse(JSON.parse(JSON.stringify(joined)))).toEqual(joined);
  expect(joined.readers).toMatchObject({ arrived: 200, served: 190, refused: 10 });
  expect(joined.statuses).toEqual({ redirect: { 302: 190, 429: 10 } });
  expect(joined.generators).toBe(2);
  expect(joined.errors).toMatchObject([{ count: 10 }]);
  const all = new Times();
  for (let ms = 1; ms <= 200; ms += 1) all.record(ms);
  expect(joined.steps.redirect).toMatchObject({ count: 200, p50_ms: all.at(50), p99_ms: all.at(99) });
  expect(joined.nodes.node1?.redirect).toEqual(joined.steps.redirect);
  // The second began three slices later.
  expect(joined.slices.map(({ arrived }) => arrived)).toEqual([10, 10, 10, ...Array(7).fill(20), 10, 10, 10]);
  expect(() => joinReports([one, { ...other, profile: 'http' }])).toThrow(/profile is "jupyter" and "http"/);
});

test('what fleet and sandboxes have said can neither command a terminal nor run in the report', () => {
  const report = made({ refused: 3 });
  const html = makeHtml(report, []);
  expect(html).not.toContain('<script>alert');
  expect(html).toContain('&#60;script&#62;alert');
  expect(html).toMatch(/script-src 'sha256-[^;]*;/);
  // Nothing from elsewhere.
  expect(html.match(/(?:src|href)=|url\(/g)).toBeNull();
  expect(summarize(report, [])).not.toContain('\u001b');
});

test('a line for each second, for spreadsheets', () => {
  const [head, first, second, ...more] = makeCsv(made({ refused: 3 }))
    .trimEnd()
    .split('\r\n');
  expect(head).toMatch(/^second,arrived,.*,fleet_held,.*,redirect_count,redirect_p50_ms,redirect_p99_ms$/);
  expect(first).toMatch(/^0,10,10,0,0,0,1,,,/);
  expect(second).toMatch(/^1,10,10,0,0,0,1,10,4,4,0,6,0,2,0,10,/);
  expect(more).toHaveLength(8);
});

test('says that the figures are worth nothing where the generator was the limit', () => {
  const report = made();
  const limited = {
    ...report,
    generator: { ...report.generator, limits: ['it used 0.99 cores, and has one'] },
  };
  expect(summarize(limited, [])).toMatch(/THE GENERATOR WAS THE LIMIT.*\n {2}it used 0\.99 cores/);
  expect(makeHtml(limited, [])).toContain('The generator was the limit');
  expect(summarize(report, [])).not.toContain('LIMIT');
});
