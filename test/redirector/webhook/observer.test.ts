// What counts as news of a fleet: changes that last, each once.
import { expect, test } from 'vitest';
import { Fleet } from '../../../redirector/nodes/fleet.ts';
import { FleetObserver } from '../../../redirector/webhook/observer.ts';
import type { WebhookEvent } from '../../../shared/api/webhook.ts';
import { TestClock, TestNode } from '../support.ts';

function open() {
  const clock = new TestClock();
  const fleet = new Fleet(clock);
  fleet.setMembers([{ id: 'old', url: 'http://127.0.0.1:1' }]);
  const told: WebhookEvent[] = [];
  let free = 3;
  const observer = new FleetObserver({
    ...{ fleet, clock, tell: (event) => told.push(event) },
    room: () => ({ free, capacity: 5 }),
  });
  /** Takes the events since the last time. */
  const news = (): readonly string[] => told.splice(0).map(({ event, text }) => `${event}: ${text}`);
  const look = (room: number, ms: number): void => {
    free = room;
    clock.pass(ms);
    observer.look();
  };
  return { clock, fleet, news, look };
}

test('a node that was there at the start is no news, and neither is its first report', () => {
  const { fleet, clock, news } = open();
  const view = fleet.get('old');
  if (view === undefined) throw new Error('no node');
  fleet.report(view, new TestNode({ node: 'old' }).stats(), clock.now());
  fleet.report(view, new TestNode({ node: 'old' }).stats(), clock.now());
  expect(news()).toEqual([]);
});

test('a problem is news when it begins, when it changes and when it ends', () => {
  const { fleet, clock, news } = open();
  const view = fleet.get('old');
  if (view === undefined) throw new Error('no node');
  const node = new TestNode({ node: 'old' });
  const report = (problem?: string): void => {
    const stats = node.stats();
    if (stats.fleet === undefined) throw new Error('no report');
    fleet.report(view, { ...stats, fleet: { ...stats.fleet, ...(problem && { problem }) } }, clock.now());
  };
  report();
  report('no Docker');
  report('no Docker');
  report('no image');
  report();
  expect(news()).toEqual([
    'node-problem: old: no Docker',
    'node-problem: old: no image',
    'node-problem: old: it can start sandboxes again',
  ]);
});

test('a visit of the canary is news when it fails, and when it succeeds again', () => {
  const { fleet, clock, news } = open();
  const view = fleet.get('old');
  if (view === undefined) throw new Error('no node');
  const visit = (isFailing: boolean): void => {
    fleet.noteCanary(view, { isFailing, since: 0, reason: isFailing ? 'no page' : '', steps: {} });
    fleet.report(view, new TestNode({ node: 'old' }).stats(), clock.now());
  };
  for (const isFailing of [false, true, true, false]) visit(isFailing);
  expect(news()).toEqual([
    'node-canary: old: the canary fails: no page',
    'node-canary: old: the canary succeeds again',
  ]);
});

test('a fleet is full once it was full for ten seconds, and has room again after as long', () => {
  const { news, look } = open();
  look(3, 1_000);
  for (let second = 0; second < 30; second += 1) look(second % 2, 1_000);
  expect(news()).toEqual([]);
  look(0, 1_000);
  look(0, 9_000);
  expect(news()).toEqual([]);
  look(0, 1_000);
  look(0, 60_000);
  expect(news()).toEqual(['fleet-full: all 5 slots of the fleet are taken']);
  look(2, 1_000);
  look(2, 10_000);
  expect(news()).toEqual(['fleet-room: 2 of 5 slots of the fleet are free again']);
});
