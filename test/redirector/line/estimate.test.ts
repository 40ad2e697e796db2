// What readers in line are told of the time to wait, against what it took, in a fleet of eight whose sandboxes end at random.
import { expect, test } from 'vitest';
import { heldAt, useOf } from '../../../redirector/line/use-of-nodes.ts';
import type { NodeView } from '../../../redirector/nodes/node-view.ts';
import { ASSUMED_USE_S, Estimate } from '../../../shared/line/estimate.ts';
import { DispatchBed } from '../placement/bed.ts';
import { seeded } from '../support.ts';

/** Seconds that a sandbox is in use: as if each second were as likely to be its last as any other. */
const MEAN_USE_S = 60;
const FIRST_MINUTE_S = 60;

/** One run: sandboxes of two nodes, all in use, and `readers` who come within half a minute. @returns errors of what was told */
function errorsIn(seed: number, slots: number, readers: number): readonly number[] {
  const random = seeded(seed);
  const use = (): number => -Math.log(1 - random()) * MEAN_USE_S;
  const bed = new DispatchBed();
  const nodes = bed.members(2).map((view, index) => ({
    view,
    claims: slots / 2,
    polledAt: index,
    ends: Array.from({ length: slots / 2 }, use),
  }));
  const estimate = new Estimate();
  const report = (view: NodeView): void => {
    const use = useOf(view);
    if (use !== undefined) estimate.report(view, use);
  };
  bed.fleet.watch({ update: report, remove: () => undefined });
  const line: { readonly came: number; told?: { readonly eta: number; readonly at: number } }[] = [];
  const errors: number[] = [];
  for (let now = 0, came = 0; came < readers || line.length > 0; now += 1) {
    for (let each = 0; each < readers / 30 && came < readers; each += 1, came += 1) line.push({ came: now });
    for (const node of nodes) {
      const before = node.ends.length;
      node.ends = node.ends.filter((end) => end > now);
      for (let free = before - node.ends.length; free > 0; free -= 1) {
        const reader = line.shift();
        if (reader === undefined) continue;
        if (reader.told !== undefined)
          errors.push(Math.abs(reader.told.at + reader.told.eta - now) / Math.max(1, now - reader.came));
        node.ends.push(now + use());
        node.claims += 1;
      }
      const { view, ends, claims } = node;
      if (now % 2 === node.polledAt) bed.report(view, { warm: 0, held: ends.length, claims });
    }
    bed.clock.pass(1_000);
    if (now < FIRST_MINUTE_S || !estimate.isMeasured) continue;
    const rate = estimate.ratePerSecond(heldAt(bed.fleet.views(), bed.clock.now()));
    for (const [index, reader] of line.entries())
      reader.told ??= { eta: estimate.secondsFor(index + 1, rate), at: now };
  }
  return errors;
}

function medianOver(runs: number, slots: number, readers: number): number {
  const errors = Array.from({ length: runs }, (_, run) => errorsIn((run + 1) * 7_919, slots, readers)).flat();
  expect(errors.length).toBeGreaterThan(runs);
  return errors.sort((one, other) => one - other)[Math.floor(errors.length / 2)] ?? Number.NaN;
}

test('after the first minute the median error is at most a fifth of the wait, with 30 readers in line for 8', () => {
  expect(medianOver(60, 8, 30)).toBeLessThan(0.2);
});

test('the same with 300 readers in line for 64', () => {
  expect(medianOver(20, 64, 300)).toBeLessThan(0.2);
});

test('before anything was measured, sandboxes are taken to be in use for ten minutes, and no reader hears 0', () => {
  const bed = new DispatchBed();
  const [view] = bed.members(1);
  if (view === undefined) throw new Error('there is one');
  const estimate = new Estimate();
  bed.report(view, { warm: 0, held: 8 });
  const rate = estimate.ratePerSecond(heldAt(bed.fleet.views(), bed.clock.now()));
  expect(rate).toBeCloseTo(8 / ASSUMED_USE_S);
  expect(estimate.isMeasured).toBe(false);
  expect(estimate.secondsFor(16, rate)).toBe((16 * ASSUMED_USE_S) / 8);
  expect(estimate.secondsFor(1, 1_000)).toBeGreaterThan(0);
});

test('readers who give up make the wait of those behind them shorter', () => {
  const estimate = new Estimate();
  expect(estimate.secondsFor(100, 1)).toBe(100);
  for (let second = 0; second < 100; second += 1) estimate.countLeaving(100, 1, 1);
  // Each of 100 leaves with 1 % a second: ln 2 / 0.01.
  expect(estimate.secondsFor(100, 1)).toBe(70);
});

test('endings at a node that takes no readers make no room', () => {
  const bed = new DispatchBed();
  const [ready, draining] = bed.members(2);
  if (ready === undefined || draining === undefined) throw new Error('there are two');
  const estimate = new Estimate();
  bed.report(ready, { warm: 0, held: 8 });
  const before = estimate.ratePerSecond(heldAt(bed.fleet.views(), bed.clock.now()));
  bed.report(draining, { warm: 0, held: 80, state: 'draining' });
  expect(estimate.ratePerSecond(heldAt(bed.fleet.views(), bed.clock.now()))).toBe(before);
});
