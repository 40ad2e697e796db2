// The pool's plan as a specification: what the pool has → what it starts and ends.
import { describe, expect, test } from 'vitest';
import { coldRoom, type Observed, planPool } from '../../../node-agent/pool/plan.ts';

const nothing: Observed = {
  state: 'ready',
  capacity: 8,
  warmTarget: Number.POSITIVE_INFINITY,
  warm: [],
  starting: [],
  held: 0,
  removing: 0,
  waiting: 0,
  stale: new Set(),
  maxStarting: 100,
  mayStart: true,
  paused: false,
};
const ids = (count: number, prefix = 'w') => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe('how many to start', () => {
  test.each<[string, Partial<Observed>, number]>([
    ['an empty pool fills up', {}, 8],
    ['but starts only a limited number at a time', { maxStarting: 3 }, 3],
    ['the limit counts starts under way', { maxStarting: 3, starting: ids(2, 's') }, 1],
    ['a full pool starts nothing', { warm: ids(8) }, 0],
    ['held ones take slots', { warm: ids(3), held: 5 }, 0],
    ['those being removed keep their slots', { warm: ids(3), held: 3, removing: 2 }, 0],
    ['only the number that should be warm', { warmTarget: 2 }, 2],
    ['a claim is replaced at once', { warmTarget: 2, warm: ids(1), held: 1 }, 1],
    ['and more for readers who wait', { warmTarget: 0, waiting: 3 }, 3],
    ['never beyond the capacity', { warmTarget: 2, waiting: 20, held: 5 }, 3],
    ['nothing while backing off', { mayStart: false }, 0],
    ['nothing while paused', { paused: true, waiting: 2 }, 0],
    ['a cordoned node keeps its pool', { state: 'cordoned', warm: ids(7) }, 1],
    ['a draining node starts nothing', { state: 'draining' }, 0],
    ['nor does a drained one', { state: 'drained' }, 0],
    ['more held than slots (the capacity shrank) starts nothing', { held: 12 }, 0],
  ])('%s', (_, seen, start) => expect(planPool({ ...nothing, ...seen }).start).toBe(start));
});

describe('what to end', () => {
  test('a draining node ends all that no reader holds, starting ones too', () => {
    const plan = planPool({ ...nothing, state: 'draining', warm: ['a'], starting: ['b'], held: 3 });
    expect(plan.end).toEqual([
      { id: 'a', reason: 'drained' },
      { id: 'b', reason: 'drained' },
    ]);
  });

  test('a pool that shrank ends its surplus', () => {
    expect(planPool({ ...nothing, capacity: 3, warm: ids(4), held: 1 }).end).toEqual([
      { id: 'w0', reason: 'surplus' },
      { id: 'w1', reason: 'surplus' },
    ]);
  });

  test('sandboxes being removed are no reason to end ready ones', () => {
    expect(planPool({ ...nothing, capacity: 4, warm: ids(4), removing: 6 })).toEqual({ start: 0, end: [] });
  });

  test('a pool that shrank below its starts ends the newest starts', () => {
    const plan = planPool({ ...nothing, capacity: 4, warm: ids(1), held: 2, starting: ids(3, 's') });
    expect(plan.end).toEqual([
      { id: 's1', reason: 'surplus' },
      { id: 's2', reason: 'surplus' },
    ]);
  });

  test('a paused pool ends its surplus, but replaces no stale one that it could not start again', () => {
    const stale = new Set(['w1', 'w2', 's0']);
    const plan = planPool({
      ...nothing,
      capacity: 3,
      warm: ids(3),
      starting: ids(1, 's'),
      stale,
      paused: true,
    });
    expect(plan.end).toEqual([{ id: 's0', reason: 'surplus' }]);
  });

  test('surplus is taken from the stale ones first', () => {
    const plan = planPool({ ...nothing, capacity: 2, warm: ids(3), stale: new Set(['w2']) });
    expect(plan.end).toEqual([{ id: 'w2', reason: 'surplus' }]);
  });

  test('stale ones roll, and half of the wanted number stays', () => {
    const plan = planPool({ ...nothing, warm: ids(8), stale: new Set(ids(8)) });
    expect(plan.end).toHaveLength(4);
    expect(plan.end.every(({ reason }) => reason === 'stale-image')).toBe(true);
  });

  test('while some are being removed, no more are ended', () => {
    const plan = planPool({ ...nothing, warm: ids(4), removing: 4, stale: new Set(ids(4)) });
    expect(plan.end).toEqual([]);
  });

  test('fresh ones let more of the stale ones go', () => {
    const stale = new Set(ids(4));
    const plan = planPool({ ...nothing, warm: [...ids(4), ...ids(4, 'fresh')], stale });
    expect(new Set(plan.end.map(({ id }) => id))).toEqual(stale);
  });

  test('a stale one that is still starting is ended at once', () => {
    const plan = planPool({ ...nothing, warm: ids(7), starting: ['s'], stale: new Set(['s']) });
    expect(plan.end).toEqual([{ id: 's', reason: 'stale-image' }]);
  });

  test('a single one is replaced by one that starts beside it, and ends once that is warm', () => {
    const stale = new Set(['w0']);
    const one = { ...nothing, capacity: 2, warmTarget: 1, warm: ['w0'], stale };
    expect(planPool(one)).toEqual({ start: 1, end: [] });
    expect(planPool({ ...one, starting: ['n'] })).toEqual({ start: 0, end: [] });
    expect(planPool({ ...one, warm: ['w0', 'n'] })).toEqual({
      start: 0,
      end: [{ id: 'w0', reason: 'surplus' }],
    });
    // A slot that is being emptied is waited for.
    expect(planPool({ ...one, removing: 1 })).toEqual({ start: 0, end: [] });
    expect(planPool({ ...one, paused: true })).toEqual({ start: 0, end: [] });
  });

  test('a single one in a single slot ends first, unless nothing can be started', () => {
    const one = { ...nothing, capacity: 1, warm: ['w0'], stale: new Set(['w0']) };
    expect(planPool(one)).toEqual({ start: 0, end: [{ id: 'w0', reason: 'stale-image' }] });
    expect(planPool({ ...one, mayStart: false })).toEqual({ start: 0, end: [] });
    const amongReaders = { ...one, capacity: 5, held: 4 };
    expect(planPool(amongReaders).end).toHaveLength(1);
  });

  test('while none has started from the new image, one stale one makes room for a first start', () => {
    const stale = new Set(ids(8));
    const trial = { ...nothing, stale, isTrial: true };
    expect(planPool({ ...trial, warm: ids(8) }).end).toHaveLength(1);
    expect(planPool({ ...trial, warm: ids(7), removing: 1 })).toEqual({ start: 0, end: [] });
    expect(planPool({ ...trial, warm: ids(7) })).toEqual({ start: 1, end: [] });
    expect(planPool({ ...trial, warm: ids(7), starting: ['s'] })).toEqual({ start: 0, end: [] });
  });

  test('rolling step by step replaces every stale one and never leaves fewer than half warm', () => {
    let warm: string[] = ids(8);
    let starting: string[] = [];
    const stale = new Set(warm);
    let made = 0;
    for (let turn = 0; turn < 100 && warm.some((id) => stale.has(id)); turn += 1) {
      const plan = planPool({ ...nothing, warm, starting, stale, maxStarting: 2 });
      const ended = new Set(plan.end.map(({ id }) => id));
      warm = warm.filter((id) => !ended.has(id));
      expect(warm.length).toBeGreaterThanOrEqual(4);
      // Those that were starting are warm by the next turn.
      warm = [...warm, ...starting];
      starting = Array.from({ length: Math.min(2, 8 - warm.length) }, () => `n${made++}`);
    }
    expect(warm.some((id) => stale.has(id))).toBe(false);
  });
});

describe('the room for a cold start', () => {
  const counts = { capacity: 8, paused: false, warm: 2, starting: 1, held: 2, removing: 1, waiting: 0 };
  test.each<[string, Partial<typeof counts>, number]>([
    ['free slots, and starts that no reader waits for', {}, 3],
    ['minus readers who wait', { waiting: 2 }, 1],
    ['while paused, only the starts under way', { paused: true }, 1],
    ['minus readers who wait for them', { paused: true, waiting: 1 }, 0],
    ['none where the capacity shrank below what exists', { capacity: 3, waiting: 1 }, 0],
  ])('%s', (_, seen, room) => expect(coldRoom({ ...counts, ...seen })).toBe(room));
});
