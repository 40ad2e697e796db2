// Which times of a reader's browser are believed, and how long the first output took.
import { beforeEach, expect, test } from 'vitest';
import { ClickTimesDesk } from '../../../node-agent/companion/click-times.ts';
import { TestClock } from '../../redirector/support.ts';

let clock: TestClock;
let observed: number[];
let outputs: number[];
beforeEach(() => {
  clock = new TestClock();
  observed = [];
  outputs = [];
});

function deskFor(share = 1, random = () => 0): ClickTimesDesk {
  return new ClickTimesDesk({
    ...{ share, clock, random },
    observePage: (seconds) => observed.push(seconds),
    observeOutput: (seconds) => outputs.push(seconds),
  });
}

test('the time from the click to the page is taken, once a sandbox', () => {
  const desk = deskFor();
  desk.sent('a', 0);
  clock.pass(1_500);
  expect(desk.isAsked('a')).toBe(true);
  expect(desk.take('a', { page_ms: 1_400, age_ms: 1_900 })).toBe('taken');
  expect(desk.isAsked('a')).toBe(false);
  expect(desk.take('a', { page_ms: 1, age_ms: 1 })).toBe('unasked');
  expect(observed).toEqual([1.4]);
  expect(desk.counts).toEqual({ taken: 1, unasked: 1, implausible: 0, malformed: 0 });
});

test('who saw the page of a start has waited that long, too', () => {
  const desk = deskFor();
  desk.sent('a', 4_000);
  clock.pass(600);
  expect(desk.take('a', { page_ms: 500, age_ms: 600 })).toBe('taken');
  expect(observed).toEqual([4.5]);
});

test('only the share of the sample is asked', () => {
  const draws = [0.05, 0.15, 0.09, 0.9];
  const desk = deskFor(0.1, () => draws.shift() ?? 1);
  for (const id of ['a', 'b', 'c', 'd']) desk.sent(id, 0);
  expect(['a', 'b', 'c', 'd'].map((id) => desk.isAsked(id))).toEqual([true, false, true, false]);
  const none = deskFor(0);
  none.sent('e', 0);
  expect(none.isAsked('e')).toBe(false);
});

test.each([
  ['a page that was there after it said so', 1_000, { page_ms: 2_000, age_ms: 1_000 }],
  ['a page of a later click', 60_000, { page_ms: 500, age_ms: 600 }],
  ['a click long before the claim', 1_000, { page_ms: 80_000, age_ms: 90_000 }],
])('%s is not believed', (_, afterMs, times) => {
  const desk = deskFor();
  desk.sent('a', 0);
  clock.pass(afterMs);
  expect(desk.take('a', times)).toBe('implausible');
  expect(desk.take('a', { page_ms: 1, age_ms: afterMs })).toBe('unasked');
  expect(observed).toEqual([]);
});

test('is not asked for when it is five minutes old, or the sandbox has ended', () => {
  const desk = deskFor();
  desk.sent('a', 0);
  desk.sent('b', 0);
  desk.forget('b');
  expect(desk.isAsked('b')).toBe(false);
  clock.pass(300_000);
  expect(desk.take('a', { page_ms: 1, age_ms: 300_000 })).toBe('unasked');
});

test('the time from the click to the first output is taken, once', () => {
  const desk = deskFor();
  desk.sent('a', 0);
  clock.pass(500);
  desk.take('a', { page_ms: 1_400, age_ms: 1_900 });
  expect(desk.awaitsOutput('a')).toBe(true);
  clock.pass(3_000);
  desk.sawOutput('a');
  desk.sawOutput('a');
  expect(desk.awaitsOutput('a')).toBe(false);
  expect(outputs).toEqual([4.9]);
});

test('also where the output comes before the browser has said when the click was', () => {
  const desk = deskFor();
  desk.sent('a', 2_000);
  clock.pass(300);
  desk.sawOutput('a');
  expect([desk.isAsked('a'), desk.awaitsOutput('a'), outputs]).toEqual([true, false, []]);
  clock.pass(500);
  desk.take('a', { page_ms: 700, age_ms: 800 });
  expect(outputs).toEqual([2.3]);
});

test('no output counts without a click, after five minutes, or of what was not drawn', () => {
  const desk = deskFor();
  for (const id of ['a', 'b', 'c']) desk.sent(id, 0);
  desk.take('a', undefined);
  expect(desk.awaitsOutput('a')).toBe(false);
  desk.forget('b');
  desk.take('c', { page_ms: 1, age_ms: 1 });
  clock.pass(300_000);
  expect(desk.awaitsOutput('c')).toBe(false);
  for (const id of ['a', 'b', 'c', 'd']) desk.sawOutput(id);
  expect(outputs).toEqual([]);
});
