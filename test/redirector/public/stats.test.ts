import { expect, test } from 'vitest';
import { createStatsBody } from '../../../redirector/public/stats.ts';
import { TestClock } from '../support.ts';

test('the summary is made four times a second at most, and is then a new one', () => {
  const clock = new TestClock();
  let made = 0;
  const body = createStatsBody(() => {
    made += 1;
    return { made };
  }, clock);
  for (let asked = 0; asked < 1_000; asked += 1) expect(body().toString()).toBe('{"made":1}');
  clock.pass(249);
  expect(body().toString()).toBe('{"made":1}');
  clock.pass(1);
  expect(body().toString()).toBe('{"made":2}');
});
