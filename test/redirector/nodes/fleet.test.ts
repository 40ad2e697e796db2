// The fleet's view of its nodes: what a report changes, what a missing one changes, and what must change nothing.
import { beforeEach, describe, expect, test } from 'vitest';
import { Fleet } from '../../../redirector/nodes/fleet.ts';
import { estimateRoom, mayBeSentTo, type NodeView } from '../../../redirector/nodes/node-view.ts';
import type { FleetReport, NodeStats } from '../../../shared/protocol/wire.ts';
import { TestClock } from '../support.ts';

const KEY = 'front/boot';

let clock: TestClock;
let fleet: Fleet;
let a: NodeView;
let b: NodeView;

beforeEach(() => {
  clock = new TestClock();
  fleet = new Fleet(clock);
  fleet.setMembers([
    { id: 'a', url: 'http://a.test' },
    { id: 'b', url: 'http://b.test' },
  ]);
  const [first, second] = fleet.views();
  if (first === undefined || second === undefined) throw new Error('two members, so two views');
  a = first;
  b = second;
});

function report(seq: number, changes: Partial<FleetReport> = {}): NodeStats {
  const fleetReport: FleetReport = {
    ...{ protocol: 1, node: 'node-a', boot: 'boot-1', seq, state: 'ready', image: 'x', claims: 0, load: 0 },
    ...{ warm: 8, starting: 0, held: 0, removing: 0, waiting: 0, capacity: 8, ended: {}, seen: {} },
    ...changes,
  };
  return { available: fleetReport.warm, capacity: fleetReport.capacity, fleet: fleetReport };
}

const room = (view: NodeView) => {
  const { warm, cold } = estimateRoom(view, KEY, clock.now());
  return { warm, cold };
};
const send = (view: NodeView, times = 1): void => {
  for (let turn = 0; turn < times; turn += 1) fleet.countRedirect(view, clock.now(), 'ticket');
};
const epoch = (): string => String(Math.floor(clock.now() / 1000));

describe('a node', () => {
  test('that has not reported yet gets no reader', () => {
    expect(mayBeSentTo(a, clock.now())).toBe(false);
    expect(room(a)).toEqual({ warm: 0, cold: 0 });
  });

  test('that reports room gets readers; one that is cordoned, draining or drained does not', () => {
    fleet.report(a, report(1), clock.now());
    expect(mayBeSentTo(a, clock.now())).toBe(true);
    for (const [index, state] of (['cordoned', 'draining', 'drained'] as const).entries()) {
      fleet.report(a, report(2 + index, { state }), clock.now());
      expect(mayBeSentTo(a, clock.now())).toBe(false);
    }
  });

  test('that stopped answering keeps the time at which it did', () => {
    fleet.report(a, report(1), clock.now());
    fleet.miss(a, { reason: 'refused', sure: true });
    const { since } = a;
    clock.pass(60_000);
    fleet.miss(a, { reason: 'refused', sure: true });
    expect(a).toMatchObject({ reachability: 'unreachable', since });
  });

  test('stays trusted after one missed poll, but not after a refused connection', () => {
    fleet.report(a, report(1), clock.now());
    fleet.report(b, report(1, { node: 'node-b' }), clock.now());
    fleet.miss(a, { reason: 'slow', sure: false });
    fleet.miss(b, { reason: 'refused', sure: true });
    expect([a.reachability, b.reachability]).toEqual(['reachable', 'unreachable']);
    fleet.miss(a, { reason: 'slow', sure: false });
    expect(a.reachability).toBe('unreachable');
  });

  test('with the name of another node is set aside, and the other is not', () => {
    fleet.report(a, report(1), clock.now());
    fleet.report(b, report(1), clock.now());
    expect(a.reachability).toBe('reachable');
    expect(b.reachability).toBe('unreachable');
    expect(b.unreachableReason).toContain('"node-a"');
  });

  test('keeps its state when others are added or removed, and starts fresh at another address', () => {
    fleet.report(a, report(1), clock.now());
    fleet.setMembers([{ id: 'a', url: 'http://a.test' }]);
    expect(fleet.get('a')).toBe(a);
    fleet.setMembers([{ id: 'a', url: 'http://elsewhere.test' }]);
    expect(fleet.get('a')).toMatchObject({ reachability: 'unknown', stats: undefined });
  });
});

describe('a report', () => {
  test('that comes late changes nothing', () => {
    fleet.report(a, report(7, { warm: 2 }), clock.now());
    fleet.report(a, report(5, { warm: 8 }), clock.now());
    expect(room(a).warm).toBe(2);
  });

  test('identical to the last one counts as a missed poll: it may come from a cache', () => {
    fleet.report(a, report(7), clock.now());
    fleet.report(a, report(7), clock.now());
    expect(a.reachability).toBe('reachable');
    fleet.report(a, report(7), clock.now());
    expect(a.reachability).toBe('unreachable');
    expect(a.unreachableReason).toContain('not newer');
  });

  test('of a new boot counts, whatever its number, and forgets readers sent to the old one', () => {
    fleet.report(a, report(900, { warm: 2 }), clock.now());
    send(a, 2);
    expect(room(a).warm).toBe(0);
    fleet.report(a, report(1, { boot: 'boot-2' }), clock.now());
    expect(room(a).warm).toBe(8);
  });

  test('of a node that is marked full reopens it; watchers are notified of the mark once', () => {
    fleet.report(a, report(1), clock.now());
    const updates: string[] = [];
    fleet.watch({ update: (view) => updates.push(view.member.id), remove: () => undefined });
    updates.length = 0;
    fleet.markFull(a);
    fleet.markFull(a);
    expect(updates).toEqual(['a']);
    expect(mayBeSentTo(a, clock.now())).toBe(false);
    fleet.report(a, report(2), clock.now());
    expect(mayBeSentTo(a, clock.now())).toBe(true);
  });
});

describe('the estimate', () => {
  test('counts down with each reader who is sent, and never below zero', () => {
    fleet.report(a, report(1, { warm: 3, capacity: 3 }), clock.now());
    send(a, 2);
    expect(room(a).warm).toBe(1);
    send(a, 5);
    expect(room(a)).toEqual({ warm: 0, cold: 0 });
  });

  test('gives back the slots of readers whom the node has counted, each second by itself', () => {
    fleet.report(a, report(1), clock.now());
    send(a, 3);
    const first = epoch();
    clock.pass(1_000);
    send(a, 2);
    fleet.report(a, report(2, { warm: 5, held: 3, seen: { [KEY]: { [first]: 3 } } }), clock.now());
    expect(room(a).warm).toBe(3);
    // More counted than sent (a ticket shown to two nodes, say) adds nothing to another second.
    fleet.report(a, report(3, { warm: 5, held: 3, seen: { [KEY]: { [first]: 30 } } }), clock.now());
    expect(room(a).warm).toBe(3);
  });

  test('counts only our own tickets among those that a report has counted', () => {
    fleet.report(a, report(1), clock.now());
    send(a, 3);
    fleet.report(a, report(2, { seen: { 'other/boot': { [epoch()]: 3 } } }), clock.now());
    expect(room(a).warm).toBe(5);
  });

  test('forgets tickets that never arrive', () => {
    fleet.report(a, report(1), clock.now());
    send(a, 3);
    clock.pass(12_000);
    fleet.report(a, report(2), clock.now());
    expect(room(a).warm).toBe(8);
  });

  test('uses a window of time for a plain tmpnb node', () => {
    fleet.report(a, { available: 4, capacity: 4 }, clock.now());
    clock.pass(3_000);
    for (let turn = 0; turn < 3; turn += 1) fleet.countRedirect(a, clock.now(), 'time');
    expect(room(a)).toEqual({ warm: 1, cold: 0 });
    clock.pass(500);
    fleet.report(a, { available: 4, capacity: 4 }, clock.now());
    // Sent shortly before the report was requested: the node may not have counted this reader.
    expect(room(a).warm).toBe(1);
    clock.pass(2_000);
    fleet.report(a, { available: 1, capacity: 4 }, clock.now());
    expect(room(a).warm).toBe(1);
  });

  test('counts free slots, and starts that no reader waits for, as room for a cold start', () => {
    fleet.report(
      a,
      report(1, { warm: 2, starting: 3, waiting: 1, held: 4, removing: 1, capacity: 16 }),
      clock.now(),
    );
    // 16 − 2 warm − 4 held − 1 removing − 1 reader who waits
    expect(room(a)).toEqual({ warm: 2, cold: 8 });
    send(a, 5);
    expect(room(a)).toEqual({ warm: 0, cold: 5 });
  });

  test('counts only the starts under way where a node must start no more', () => {
    const paused = { warm: 1, starting: 3, waiting: 1, held: 2, capacity: 16, paused: true };
    fleet.report(a, report(1, paused), clock.now());
    expect(room(a)).toEqual({ warm: 1, cold: 2 });
  });
});
