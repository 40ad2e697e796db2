import { expect, test } from 'vitest';
import { OneTimeCodes } from '../../../node-agent/ownership/one-time-codes.ts';

const a = { id: 'a', key: 'k' };
const b = { id: 'b', key: 'k' };

function setUp(): { readonly codes: OneTimeCodes; readonly pass: (ms: number) => void } {
  let now = 0;
  return {
    codes: new OneTimeCodes({ monotonic: () => now }),
    pass: (ms) => {
      now += ms;
    },
  };
}

test('a code is good once, and for its sandbox only', () => {
  const { codes } = setUp();
  const code = codes.issue(a, 1000);
  expect(code).toMatch(/^[0-9a-f]{32}$/);
  expect(codes.redeem(b, code)).toBe(false);
  expect(codes.redeem(a, `${code}x`)).toBe(false);
  expect(codes.redeem(a, code)).toBe(true);
  expect(codes.redeem(a, code)).toBe(false);
});

test('a code expires', () => {
  const { codes, pass } = setUp();
  const [soon, later] = [codes.issue(a, 1000), codes.issue(a, 2000)];
  pass(1000);
  expect([codes.redeem(a, soon), codes.redeem(a, later)]).toEqual([false, true]);
});

test('of many unused codes of one sandbox only the newest stay, and those of others are untouched', () => {
  const { codes } = setUp();
  const other = codes.issue(b, 1000);
  const issued = Array.from({ length: 10 }, () => codes.issue(a, 1000));
  expect(issued.map((code) => codes.redeem(a, code))).toEqual([
    ...[false, false],
    ...Array<boolean>(8).fill(true),
  ]);
  expect(codes.redeem(b, other)).toBe(true);
});

test('the codes of a sandbox end with it', () => {
  const { codes } = setUp();
  const code = codes.issue(a, 1000);
  codes.forget('a');
  expect(codes.redeem(a, code)).toBe(false);
});

test('a code of a claim that was taken back is not good for the next reader of that sandbox', () => {
  const { codes } = setUp();
  const [before, unclaimed] = [codes.issue(a, 1000), codes.issue(a, 1000)];
  expect(codes.redeem({ id: 'a', key: 'another' }, before)).toBe(false);
  expect(codes.redeem({ id: 'a', key: undefined }, unclaimed)).toBe(false);
});
