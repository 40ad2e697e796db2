// Weights stay right by themselves: as readers are sent, as time passes, and when most nodes fall silent at once.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fleet } from '../../../redirector/nodes/fleet.ts';
import type { Dispatcher } from '../../../redirector/placement/dispatcher.ts';
import type { TestClock } from '../support.ts';
import { DispatchBed } from './bed.ts';

let bed: DispatchBed;
let clock: TestClock;
let fleet: Fleet;
let dispatcher: Dispatcher;

beforeEach(() => {
  bed = new DispatchBed();
  ({ clock, fleet, dispatcher } = bed);
});

const members: DispatchBed['members'] = (count) => bed.members(count);
const report: DispatchBed['report'] = (view, changes) => bed.report(view, changes);
const send = () => bed.send();
const silent = { reason: 'timed out', sure: false };

/** How many of a number of choices end at each node. */
function chosen(times = 2_000): ReadonlyMap<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (let turn = 0; turn < times; turn += 1) {
    const id = dispatcher.choose()?.member.id;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

describe('sending', () => {
  test('a node that reports that it cannot start any gets as many readers as it has warm sandboxes', () => {
    for (const view of members(1))
      report(view, { warm: 2, capacity: 8, cold: 0, problem: 'no memory is left' });
    expect([send(), send(), send()]).toMatchObject([{ view: {} }, { view: {} }, 'full']);
  });

  test('where nothing starts and nothing is in use, it is not said that every sandbox is taken', () => {
    const views = members(2);
    const none = { warm: 0, held: 0, capacity: 8, cold: 0, problem: 'no sandbox starts' };
    for (const view of views) report(view, none);
    expect(send()).toBe('closed');
    for (const view of views.slice(1)) report(view, { ...none, held: 1 });
    expect(send()).toBe('full');
  });

  test('uses each slot once, then says full; the slots of tickets that never arrive come back', () => {
    for (const view of members(3)) report(view);
    for (let turn = 0; turn < 24; turn += 1) expect(send()).toMatchObject({ view: {} });
    expect(send()).toBe('full');
    clock.pass(9_000);
    expect(send()).toBe('full');
    clock.pass(2_000);
    expect(send()).toMatchObject({ view: {} });
  });

  test('passes over nodes that the reader has tried, and keeps them for other readers', () => {
    for (const view of members(3)) report(view);
    const journey = { ...dispatcher.startJourney(), tried: ['n0', 'n2', 'nobody'] };
    for (let turn = 0; turn < 8; turn += 1)
      expect(dispatcher.send(journey)).toMatchObject({ view: { member: { id: 'n1' } } });
    expect(dispatcher.send(journey)).toBe('full');
    expect([...chosen().keys()].sort()).toEqual(['n0', 'n2']);
  });

  test('passes over a node that is marked full, until its next report', () => {
    const [a, b] = members(2);
    for (const view of fleet.views()) report(view);
    if (a !== undefined) fleet.markFull(a);
    expect([...chosen().keys()]).toEqual([b?.member.id]);
  });

  test('forgets a node that was removed, even when a poll of it ends later', () => {
    const [a] = members(2);
    for (const view of fleet.views()) report(view);
    members(0);
    if (a !== undefined) report(a);
    expect(dispatcher.choose()).toBeUndefined();
    expect(dispatcher.refusalReason()).toBe('no-nodes');
  });

  test('finds a node by the name that it reports, or by its id if it reports none', () => {
    const [a, b] = members(2);
    if (a === undefined || b === undefined) throw new Error('two members');
    report(a, { node: 'first' });
    expect([fleet.named('first'), fleet.named('n0'), fleet.named('n1')]).toEqual([a, undefined, b]);
    report(a, { node: 'renamed' });
    expect([fleet.named('first'), fleet.named('renamed')]).toEqual([undefined, a]);
  });
});

describe('readers who do not arrive', () => {
  test('are doubted once a report that should show them does not, and their sandboxes go to others', () => {
    const [view] = members(1);
    if (view === undefined) throw new Error('one member');
    report(view);
    for (let turn = 0; turn < 8; turn += 1) expect(send()).toMatchObject({ view });
    // A report this young cannot show who is still travelling.
    clock.pass(1_500);
    report(view);
    expect(send()).toBe('full');
    clock.pass(1_500);
    report(view);
    for (let turn = 0; turn < 8; turn += 1) expect(send()).toMatchObject({ view });
    expect(send()).toBe('full');
  });

  test('keep their sandboxes as long as others are free', () => {
    const [a, b] = members(2);
    if (a === undefined || b === undefined) throw new Error('two members');
    report(a);
    for (let turn = 0; turn < 8; turn += 1) send();
    clock.pass(3_000);
    report(a);
    report(b, { warm: 40, capacity: 40 });
    for (let turn = 0; turn < 40; turn += 1) expect(send()).toMatchObject({ view: b });
    expect(send()).toMatchObject({ view: a });
  });
});

describe('by the last reports alone', () => {
  const journey = () => dispatcher.startJourney();

  test('each report places as many readers as it has warm sandboxes', () => {
    const [view] = members(1);
    if (view === undefined) throw new Error('one member');
    report(view, { warm: 3, capacity: 3 });
    for (let turn = 0; turn < 3; turn += 1) send();
    const before = clock.now() - 1;
    for (let turn = 0; turn < 3; turn += 1)
      expect(dispatcher.sendByReport(journey(), before)).toMatchObject({ view });
    expect(dispatcher.sendByReport(journey(), before)).toBe('full');
    clock.pass(100);
    report(view, { warm: 1, capacity: 3 });
    expect(dispatcher.sendByReport(journey(), before)).toMatchObject({ view });
    expect(dispatcher.sendByReport(journey(), before)).toBe('full');
  });

  test('a report from before the reader, a full node and a tried node place no reader', () => {
    const [a, b] = members(2);
    if (a === undefined || b === undefined) throw new Error('two members');
    report(a);
    report(b);
    expect(dispatcher.sendByReport(journey(), clock.now())).toBe('full');
    fleet.markFull(a);
    const tried = { ...journey(), tried: ['n1'] };
    expect(dispatcher.sendByReport(tried, clock.now() - 1)).toBe('full');
    expect(dispatcher.sendByReport(journey(), clock.now() - 1)).toMatchObject({ view: b });
  });

  test('a visitor who takes no sandbox gets the address of a node that all its readers are on the way to', () => {
    const [view] = members(1);
    if (view === undefined) throw new Error('one member');
    report(view, { warm: 1, capacity: 1 });
    send();
    expect(dispatcher.choose()).toBeUndefined();
    expect(dispatcher.chooseForVisitor()).toBe(view);
    report(view, { warm: 0, capacity: 1, held: 1 });
    expect(dispatcher.chooseForVisitor()).toBeUndefined();
  });
});

describe('a node that has just recovered', () => {
  test('gets a small share at once and its whole share after ten seconds', () => {
    const [a, b] = members(2);
    if (a === undefined || b === undefined) throw new Error('two members');
    report(a);
    report(b);
    fleet.miss(a, { reason: 'refused', sure: true });
    report(a);
    expect(chosen().get('n0') ?? 0).toBeLessThan(100);
    clock.pass(5_000);
    report(a);
    report(b);
    const half = chosen().get('n0') ?? 0;
    expect(half).toBeGreaterThan(100);
    clock.pass(6_000);
    report(a);
    report(b);
    expect(chosen().get('n0') ?? 0).toBeGreaterThan(Math.max(half, 850));
  });

  test('gets everyone when it is the only one', () => {
    const [a] = members(1);
    if (a === undefined) throw new Error('one member');
    report(a);
    fleet.miss(a, { reason: 'refused', sure: true });
    report(a);
    for (let turn = 0; turn < 8; turn += 1) expect(send()).toMatchObject({ view: a });
    expect(send()).toBe('full');
  });
});

test('a node whose report grows old weighs less than one whose report is fresh', () => {
  const [a, b] = members(2);
  if (a === undefined || b === undefined) throw new Error('two members');
  report(a);
  clock.pass(20_000);
  report(b);
  expect(chosen().get('n0') ?? 0).toBeLessThan(200);
  expect(chosen().get('n0') ?? 0).toBeGreaterThan(0);
});

describe('when most nodes fall silent at once', () => {
  test('their last reports are believed for half a minute, and no longer', () => {
    const views = members(10);
    for (const view of views) report(view, { warm: 500, capacity: 500 });
    for (const view of views.slice(0, 9)) {
      fleet.miss(view, silent);
      fleet.miss(view, silent);
    }
    expect(chosen().size).toBe(10);
    expect(views[0]?.reachability).toBe('unreachable');
    for (let second = 0; second < 31; second += 1) {
      clock.pass(1_000);
      const last = views[9];
      if (last !== undefined) report(last);
    }
    expect([...chosen().keys()]).toEqual(['n9']);
  });

  test('one that refuses is set aside all the same', () => {
    const views = members(10);
    for (const view of views) report(view);
    for (const [index, view] of views.entries()) {
      fleet.miss(view, silent);
      fleet.miss(view, index === 3 ? { reason: 'refused', sure: true } : silent);
    }
    expect(chosen().size).toBe(9);
    expect(chosen().has('n3')).toBe(false);
  });

  test('one after another they are not believed', () => {
    const views = members(10);
    for (const view of views) report(view);
    for (const view of views) {
      fleet.miss(view, silent);
      fleet.miss(view, silent);
      clock.pass(2_500);
    }
    expect(dispatcher.choose()).toBeUndefined();
    expect(dispatcher.refusalReason()).toBe('none-answers');
  });

  test('nor are two of two: that is soon said', () => {
    for (const view of members(2)) {
      report(view);
      fleet.miss(view, silent);
      fleet.miss(view, silent);
    }
    expect(dispatcher.choose()).toBeUndefined();
  });
});
