// How often the log says that no node answers.
import { expect, test } from 'vitest';
import { createRefusalLog } from '../../../redirector/public/refusal-log.ts';
import { TestClock } from '../support.ts';

function bed() {
  const clock = new TestClock();
  const lines: unknown[] = [];
  const logger = { warn: (line: unknown) => void lines.push(line) };
  return { clock, lines, log: createRefusalLog({ logger, clock }) };
}

test('one line a minute while no node answers, with the number of requests refused since the last', () => {
  const { clock, lines, log } = bed();
  for (let count = 0; count < 1_000; count += 1) log('none-answers');
  expect(lines).toEqual([{ refused: 1 }]);
  clock.pass(59_999);
  log('none-answers');
  expect(lines).toHaveLength(1);
  clock.pass(1);
  log('none-answers');
  expect(lines).toEqual([{ refused: 1 }, { refused: 1_001 }]);
});

test('a full fleet, an empty one and a reader whom every node sent back are not logged', () => {
  const { lines, log } = bed();
  for (const reason of ['full', 'no-nodes', 'too-many-hops'] as const) log(reason);
  expect(lines).toEqual([]);
});
