// The next step of a `POST /api/spawn` at the front, as a table.
import { describe, expect, test } from 'vitest';
import {
  ATTEMPT_MS,
  nextSpawnStep,
  SPAWN_BUDGET_MS,
  type SpawnProgress,
  type SpawnStep,
} from '../../../../redirector/public/spawn/spawn-policy.ts';

const START: SpawnProgress = {
  remainingMs: SPAWN_BUDGET_MS,
  attempts: [],
  choice: 'node',
  hasOthers: true,
};

const CASES: readonly (readonly [string, Partial<SpawnProgress>, SpawnStep])[] = [
  ['the first of several nodes is asked for a short time', {}, { askForMs: ATTEMPT_MS }],
  ['the only node has the whole budget', { hasOthers: false }, { askForMs: SPAWN_BUDGET_MS }],
  [
    'the last node gets the time that is left',
    { hasOthers: false, attempts: ['no-answer'], remainingMs: 3_000 },
    { askForMs: 3_000 },
  ],
  [
    'no node gets more time than is left',
    { attempts: ['no-answer', 'no-answer'], remainingMs: 1_000 },
    { askForMs: 1_000 },
  ],
  [
    'no node is asked after the time is over',
    { attempts: ['no-answer', 'no-answer'], remainingMs: 0 },
    { refuse: 'none-answers' },
  ],
  ['a full fleet refuses as full', { choice: 'full' }, { refuse: 'full' }],
  ['waiting for room until the budget ended refuses as full', { remainingMs: -1 }, { refuse: 'full' }],
  ['a fleet that does not answer says so', { choice: 'none-answers' }, { refuse: 'none-answers' }],
  ['an empty fleet says so', { choice: 'no-nodes' }, { refuse: 'no-nodes' }],
  [
    'one full node among silent ones makes the fleet full',
    { choice: 'none-answers', attempts: ['no-answer', 'full'] },
    { refuse: 'full' },
  ],
  [
    'nodes that were asked and did not answer are not full, whatever they reported',
    { choice: 'full', attempts: ['no-answer', 'no-answer'] },
    { refuse: 'none-answers' },
  ],
];

describe('the next step of a spawn', () => {
  test.each(CASES)('%s', (_, changes, step) => {
    expect(nextSpawnStep({ ...START, ...changes })).toEqual(step);
  });
});
