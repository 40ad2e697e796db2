// The ring of a log's newest lines: bounded in number, in size and in each line, and counted from 1.
import { expect, test } from 'vitest';
import { RecentLines } from '../../../shared/collections/recent-lines.ts';

const wish = { lines: 10, after: 0, bytes: 100_000 };
const filled = (count: number, line = (n: number) => `line ${n}\n`): RecentLines => {
  const ring = new RecentLines();
  for (let n = 1; n <= count; n += 1) ring.add(line(n));
  return ring;
};

test('gives the newest lines, oldest first, and says how many there were', () => {
  expect(filled(3).read({ ...wish, lines: 2 })).toMatchObject({
    lines: ['line 2', 'line 3'],
    last: 3,
    missed: 1,
  });
  expect(new RecentLines().read(wish)).toMatchObject({ lines: [], last: 0, missed: 0 });
});

test('gives only what is newer than the line that is known', () => {
  const ring = filled(5);
  expect(ring.read({ ...wish, after: 3 })).toMatchObject({ lines: ['line 4', 'line 5'], missed: 0 });
  expect(ring.read({ ...wish, after: 5 })).toMatchObject({ lines: [], last: 5, missed: 0 });
  // Of an earlier run of the program.
  expect(ring.read({ ...wish, after: 500 }).lines).toHaveLength(5);
});

test('keeps 2,000 lines, one mebibyte, and 4 KiB of one line', () => {
  const many = filled(10_000).read({ lines: 5_000, after: 0, bytes: 10_000_000 });
  expect([many.lines.length, many.lines[0], many.missed]).toEqual([2_000, 'line 8001', 8_000]);
  const long = filled(1_000, () => 'x'.repeat(100_000)).read({ lines: 1_000, after: 0, bytes: 100_000_000 });
  expect(long.lines.length).toBe(255);
  expect(long.lines[0]).toBe(`${'x'.repeat(4_096)}…`);
});

test('an answer is no longer than is allowed, whatever has to be escaped', () => {
  const ring = filled(1_000, () => '"\u0001'.repeat(500));
  const { lines, missed } = ring.read({ lines: 1_000, after: 0, bytes: 64 * 1024 });
  expect(Buffer.byteLength(JSON.stringify(lines))).toBeLessThanOrEqual(64 * 1024);
  expect(lines.length + missed).toBe(1_000);
});

test('two runs have different names', () => {
  expect(filled(1).read(wish).boot).not.toBe(filled(1).read(wish).boot);
});
