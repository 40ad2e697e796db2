// The policies to compare. Ours is the product's own code; argmin and uniform two choices use the product's estimate, so
// that only the draw differs; the rule of tmpnb-redirector knows only the last poll.
import { createFleetFront, createOurFront } from '../../dist/cli/plan/simulator/front.js';
import { estimateRoom } from '../../dist/redirector/nodes/node-view.js';

/** Passes the product's estimates of all nodes to `choose` in arrays: warm room first, cold room where none is warm. */
function byEstimate(choose) {
  return (surroundings) => {
    const { clock, random, key } = surroundings;
    return createFleetFront(surroundings, (fleet, views, indexOf) => {
      const warm = new Float64Array(views.length);
      const cold = new Float64Array(views.length);
      const update = (view, now) => {
        const room = estimateRoom(view, key, now);
        warm[indexOf.get(view)] = room.warm;
        cold[indexOf.get(view)] = room.cold;
      };
      fleet.watch({ update, remove: () => undefined });
      return {
        choose: (tried) => views[choose(warm, tried, random) ?? choose(cold, tried, random) ?? -1],
        sent: (view) => update(view, clock.now()),
      };
    });
  };
}

/** The node with the most room; of equals, the first. */
function largest(room, tried) {
  let best;
  for (let index = 0; index < room.length; index += 1) {
    if (room[index] > (best === undefined ? 0 : room[best]) && !tried.includes(index)) best = index;
  }
  return best;
}

/** Mitzenmacher's two choices: two nodes with room, drawn uniformly; the one with more room wins. */
function uniformTwo(room, tried, random) {
  const some = () => {
    // Random attempts end soon when many nodes have room; when few have, the nodes are listed.
    for (let turn = 0; turn < 20; turn += 1) {
      const index = Math.floor(random() * room.length);
      if (room[index] > 0 && !tried.includes(index)) return index;
    }
    const left = [...room.keys()].filter((index) => room[index] > 0 && !tried.includes(index));
    return left[Math.floor(random() * left.length)];
  };
  const first = some();
  const second = some();
  return first !== undefined && second !== undefined && room[second] > room[first] ? second : first;
}

/** In proportion to `available` at the last poll, without counting readers; when no node has any, uniformly. */
function tmpnb({ random, count }) {
  const available = new Float64Array(count);
  let total = 0;
  return {
    report(index, stats) {
      total += stats.available - available[index];
      available[index] = stats.available;
    },
    send() {
      if (total <= 0) return Math.floor(random() * count);
      let left = random() * total;
      for (let index = 0; index < count; index += 1) {
        left -= available[index];
        if (left < 0) return index;
      }
      return count - 1;
    },
  };
}

/** @type {Record<string, { create: import('../../cli/plan/simulator/scenario.ts').CreateFront, pollMs?: number }>} `pollMs`: instead of the scenario's */
export const policies = {
  ours: { create: createOurFront },
  argmin: { create: byEstimate(largest) },
  'uniform two': { create: byEstimate(uniformTwo) },
  'tmpnb rule': { create: tmpnb },
  'tmpnb rule, T = 60 s': { create: tmpnb, pollMs: 60_000 },
};
