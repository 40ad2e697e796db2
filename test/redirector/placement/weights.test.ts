// The incremental weight of a node after a reader was sent there equals its weight computed in full.
import { expect, test } from 'vitest';
import { Weights } from '../../../redirector/placement/weights.ts';
import { seeded } from '../support.ts';
import { DispatchBed } from './bed.ts';

test('the weight updated for one more reader equals the weight computed in full', () => {
  const bed = new DispatchBed();
  const views = bed.members(7);
  const ours = { ourKey: 'front/boot', pollIntervalMs: 2_000 };
  const quick = { weights: new Weights(ours), random: seeded(7) };
  const thorough = { weights: new Weights(ours), random: seeded(7) };
  for (const { weights } of [quick, thorough]) bed.fleet.watch(weights);
  const chance = seeded(8);
  let full = 0;
  for (let turn = 0; turn < 5_000; turn += 1) {
    bed.clock.pass(Math.floor(chance() * 40));
    const told = views[Math.floor(chance() * views.length)];
    if (told !== undefined && chance() < 0.02)
      bed.report(told, { warm: Math.floor(chance() * 40), capacity: 64 });
    const now = bed.clock.now();
    const [view, same] = [quick, thorough].map(({ weights, random }) => weights.choose(random, [], now));
    expect(view, `turn ${turn}`).toBe(same);
    if (view === undefined) {
      full += 1;
      continue;
    }
    bed.fleet.countRedirect(view, now, 'ticket');
    quick.weights.sent(view, now);
    thorough.weights.update(view, now);
  }
  // Otherwise there is nothing to compare, or too little.
  expect(full).toBeGreaterThan(0);
  expect(full).toBeLessThan(4_000);
});
