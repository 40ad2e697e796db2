// The fleets and crowds of the simulation. Times in ms.
import { fadingCrowd } from '../../dist/cli/load/schedule/shapes.js';

const equal = (count, capacity, warm) => Array.from({ length: count }, () => ({ capacity, warm }));

/** From 16 slots to 256; each node keeps an eighth warm. */
const unequal = (count) =>
  Array.from({ length: count }, (_, index) => {
    const capacity = 16 * 2 ** (index % 5);
    return { capacity, warm: capacity / 8 };
  });

const FLASH_MS = 40_000;
/** A crowd at once, then fewer by a factor of e every ten seconds, over a trickle. @param peak readers per second */
const flash = (peak) => ({ peak, rate: (ms) => peak * fadingCrowd(ms / FLASH_MS), lastMs: FLASH_MS });
const steady = (peak) => ({ peak, rate: () => peak, lastMs: 40_000 });

const usual = {
  redirectors: 1,
  pollMs: 2_000,
  startMs: 2_000,
  starts: 4,
  handOffMs: 200,
  sessionMs: 600_000,
};

/** @type {import('../../cli/plan/simulator/model.ts').SimpleScenario[]} */
export const scenarios = [
  ...[1, 4, 32].map((redirectors) => ({
    ...{ ...usual, name: `100 × 64, thin pool, flash, R=${redirectors}`, nodes: equal(100, 64, 8) },
    ...{ ...flash(150), redirectors, target: redirectors > 4 ? 0.2 : 0.1 },
  })),
  ...[0.1, 0.3, 0.5].map((phantoms) => ({
    ...{
      ...usual,
      name: `100 × 64, thin pool, flash, R=4, ${phantoms * 100} % phantoms`,
      nodes: equal(100, 64, 8),
    },
    ...{ ...flash(150), redirectors: 4, phantoms, target: 0.1 },
  })),
  {
    ...{ ...usual, name: '100 × 64, thin pool, steady, R=4', nodes: equal(100, 64, 8) },
    ...{ ...steady(100), redirectors: 4 },
  },
  {
    ...{ ...usual, name: 'unequal 100 × 16…256, flash, R=4', nodes: unequal(100) },
    ...{ ...flash(200), redirectors: 4, target: 0.05 },
  },
  {
    ...{ ...usual, name: '2,000 × 250, thin pool, flash, R=4', nodes: equal(2_000, 250, 16) },
    ...{ ...flash(3_000), redirectors: 4, target: 0, large: true },
  },
  {
    ...{ ...usual, name: '100 × 64, more readers than warm, R=4', nodes: equal(100, 64, 8) },
    ...{ ...flash(300), redirectors: 4 },
  },
  {
    ...{ ...usual, name: '100 × 64, to the last slot, R=4', nodes: equal(100, 64, 64) },
    ...{ ...flash(700), redirectors: 4, sessionMs: 1e9 },
  },
];

/** Small enough for CI: only shows that the simulation runs. */
export const shortScenarios = [
  {
    ...{ ...usual, name: '20 × 64, thin pool, flash, R=2', nodes: equal(20, 64, 8) },
    ...{ ...flash(30), redirectors: 2, lastMs: 10_000, target: 1 },
  },
  {
    ...{ ...usual, name: 'unequal 10 × 16…256, flash, R=2', nodes: unequal(10) },
    ...{ ...flash(20), redirectors: 2, lastMs: 10_000, target: 1 },
  },
  {
    ...{ ...usual, name: '20 × 64, thin pool, flash, R=2, 50 % phantoms', nodes: equal(20, 64, 8) },
    ...{ ...flash(30), redirectors: 2, lastMs: 10_000, phantoms: 0.5, target: 1 },
  },
];
