// The rules that are compared. Ours is the product's own code; argmin and uniform two choices get the product's own
// estimate, so that only the draw differs; tmpnb-redirector's rule knows nothing but the last poll.
import { Fleet } from '../../dist/redirector/nodes/fleet.js';
import { estimateRoom } from '../../dist/redirector/nodes/node-view.js';
import { Weights } from '../../dist/redirector/placement/weights.js';

/**
 * One redirector: hears reports, sends readers; `holds` those it finds no room for until all nodes have told anew,
 * those who sent somebody back meanwhile once more.
 * @typedef {{ report(index: number, stats: object, askedAt: number): void, send(tried: readonly number[]): number | undefined, holds?: boolean, mayTellMore?(): boolean }} Front
 */

const membersOf = (count) =>
  Array.from({ length: count }, (_, index) => ({ id: `n${index}`, url: `http://n${index}.test` }));

/** A fleet in view, with whatever `choose` makes of it; `sent` is told of each reader. */
function createFleetFront({ clock, count, pollMs }, createRule) {
  const fleet = new Fleet(clock, { pollInterval: pollMs });
  fleet.setMembers(membersOf(count));
  const views = [...fleet.views()];
  const indexOf = new Map(views.map((view, index) => [view, index]));
  const { choose, sent } = createRule(fleet, views, indexOf);
  return {
    holds: true,
    mayTellMore: () => views.some(({ full }) => full),
    report: (index, stats, askedAt) => fleet.report(views[index], stats, askedAt),
    send(tried) {
      const last = tried.at(-1);
      if (last !== undefined) fleet.markFull(views[last]);
      const view = choose(tried);
      if (view === undefined) return undefined;
      fleet.countRedirect(view, clock.now(), true);
      sent(view);
      return indexOf.get(view);
    },
  };
}

function ours(surroundings) {
  const { clock, random, key, pollMs } = surroundings;
  return createFleetFront(surroundings, (fleet, views) => {
    const weights = new Weights({ ourKey: key, pollInterval: pollMs });
    fleet.watch(weights);
    return {
      choose: (tried) =>
        weights.choose(
          random,
          tried.map((index) => views[index]),
          clock.now(),
        ),
      sent: (view) => weights.sent(view, clock.now()),
    };
  });
}

/** The product's estimate of every node in arrays, and `choose` over them: warm first, cold where nothing is. */
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

/** The node with the most room; the first of equals. */
function largest(room, tried) {
  let best;
  for (let index = 0; index < room.length; index += 1) {
    if (room[index] > (best === undefined ? 0 : room[best]) && !tried.includes(index)) best = index;
  }
  return best;
}

/** Mitzenmacher's: two of those with any room, each as likely as the others; the one with more. */
function uniformTwo(room, tried, random) {
  const some = () => {
    // Trying at random ends soon where many have room; where few have, they are listed.
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

/** In proportion to the last poll's `available`, nobody counted; where there is none, anywhere. */
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

/** @type {Record<string, { create: (of: any) => Front, pollMs?: number }>} `pollMs`: instead of the scenario's */
export const policies = {
  ours: { create: ours },
  argmin: { create: byEstimate(largest) },
  'uniform two': { create: byEstimate(uniformTwo) },
  'tmpnb rule': { create: tmpnb },
  'tmpnb rule, T = 60 s': { create: tmpnb, pollMs: 60_000 },
};
