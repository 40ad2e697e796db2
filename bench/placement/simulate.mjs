// A fleet in simulated time: readers arrive, a redirector sends each to a node, and the node has a warm sandbox or not.
// Discrete events; every number comes from one seeded source, so that a run can be repeated exactly.

import { MAX_HOPS } from '../../dist/shared/protocol/ticket.js';

export { seededRandom as seeded } from '../../dist/shared/clock.js';

const START = 1_800_000_000_000;
/** Time before the first reader, in which every node reports. ms */
const SETTLE_MS = 5_000;
const POLL_TRIP_MS = 10;
const EPOCH_MS = 1_000;
const YOUNG_EPOCHS = 12;
/** A front that holds readers polls all nodes again, at most this often. ms */
const ASK_GAP_MS = 250;
const HOLD_MS = 3_000;

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {{ capacity: number, warm: number }[]} nodes `warm`: how many each keeps ready
 * @property {number} redirectors
 * @property {number} pollMs interval of each redirector's polls of a node, ± 20 %
 * @property {number} startMs time until a sandbox is ready, ± 20 %
 * @property {number} starts how many a node starts at once
 * @property {(ms: number) => number} rate readers per second, by the time since the first
 * @property {number} peak the highest `rate`
 * @property {number} lastMs how long readers arrive
 * @property {number} handOffMs mean time from the redirect to the click's arrival at the node, beyond 50 ms
 * @property {number} sessionMs mean time a reader stays
 * @property {number} [phantoms] share of all requests that are not followed: counted as readers on their way, they never arrive
 */

/**
 * @param {Scenario} scenario
 * @param {(of: { clock: object, random: () => number, key: string, count: number, pollMs: number }) => import('./policies.mjs').Front} createFront
 * @param {() => number} random
 */
export function simulate(scenario, createFront, random) {
  const { phantoms = 0 } = scenario;
  const events = new Events();
  const clock = { now: () => events.now, monotonic: () => events.now };
  const exponential = (mean) => -Math.log(1 - random()) * mean;
  const around = (ms) => ms * (0.8 + 0.4 * random());
  const nodes = scenario.nodes.map((node, index) => createNode(node, index, scenario.redirectors));
  const count = {
    readers: 0,
    phantoms: 0,
    warm: 0,
    missed: 0,
    cold: 0,
    bounced: 0,
    bouncedAside: 0,
    refused: 0,
    turnedAway: 0,
    waited: 0,
    maxWaitMs: 0,
  };

  const ask = (redirector, node) => {
    const { key, report } = fronts[redirector];
    const askedAt = events.now;
    events.in(POLL_TRIP_MS, () => {
      const told = reportOf(node, key, redirector, events.now);
      events.in(POLL_TRIP_MS, () => report(node.index, told, askedAt));
    });
  };

  const fronts = Array.from({ length: scenario.redirectors }, (_, redirector) => {
    const key = `r${redirector}/b`;
    const front = createFront({ clock, random, key, count: nodes.length, pollMs: scenario.pollMs });
    for (const node of nodes) {
      const poll = () => {
        ask(redirector, node);
        events.in(around(scenario.pollMs), poll);
      };
      events.in(0, () => {
        front.report(node.index, reportOf(node, key, redirector, events.now), events.now);
        events.in(random() * scenario.pollMs, poll);
      });
    }
    return { ...front, key, line: [], askedAt: 0 };
  });

  /** Warm sandboxes of all nodes that no reader is on the way to; above 0, this reader could have been served at once. */
  const warmAside = () => nodes.some((node) => node.warm > node.coming);
  const roomAside = () => nodes.some((node) => node.held + node.line.length + node.coming < node.capacity);

  /** A node that was tried and has reported again may be tried again, when no other node has room. */
  const send = (front, tried, hasToldAnew) =>
    front.send(tried) ?? (hasToldAnew && tried.length > 0 ? front.send([]) : undefined);

  /** @param since when this front first held the reader, if it did */
  const go = (redirector, tried, since) => {
    const front = fronts[redirector];
    const mayBeSent = tried.length < MAX_HOPS;
    // As in the product's waiting room: a bounced reader is sent on once the nodes have reported again.
    const hears = front.holds && tried.length > 0 && since === undefined;
    const index = mayBeSent && !hears ? send(front, tried, since !== undefined) : undefined;
    if (index === undefined) {
      const mayHope = since === undefined || (front.mayTellMore() && events.now - since < HOLD_MS);
      if (front.holds && mayHope && mayBeSent) {
        hold(redirector, tried, since);
        return;
      }
      const late = front.holds && mayBeSent ? front.sendByReport(tried, since) : undefined;
      if (late !== undefined) {
        travel(redirector, late, tried);
        return;
      }
      count.turnedAway += 1;
      if (roomAside()) count.refused += 1;
      return;
    }
    travel(redirector, index, tried);
  };

  const travel = (redirector, index, tried) => {
    const node = nodes[index];
    const epoch = Math.floor(events.now / EPOCH_MS);
    node.coming += 1;
    events.in(50 + exponential(scenario.handOffMs), () => arrive(node, redirector, epoch, tried));
  };

  /** Waits until every node has reported again, as the product's waiting room does. */
  const hold = (redirector, tried, since = events.now) => {
    const front = fronts[redirector];
    if (since === events.now) count.waited += 1;
    front.line.push({ tried, since });
    if (front.line.length > 1) return;
    events.in(Math.max(0, front.askedAt + ASK_GAP_MS - events.now), () => {
      front.askedAt = events.now;
      const line = front.line.splice(0);
      for (const node of nodes) ask(redirector, node);
      events.in(2 * POLL_TRIP_MS + 1, () => {
        for (const { tried, since } of line) go(redirector, tried, since);
      });
    });
  };

  const arrive = (node, redirector, epoch, tried) => {
    node.coming -= 1;
    const seen = node.seen[redirector];
    seen.set(epoch, (seen.get(epoch) ?? 0) + 1);
    if (node.warm > 0) {
      node.warm -= 1;
      count.warm += 1;
      stay(node);
      return;
    }
    const aside = warmAside();
    if (aside && tried.length === 0) count.missed += 1;
    if (node.held + node.line.length < node.capacity) {
      count.cold += 1;
      node.line.push(events.now);
      refill(node);
      return;
    }
    count.bounced += 1;
    if (aside && tried.length === 0) count.bouncedAside += 1;
    go(redirector, [...tried, node.index]);
  };

  const stay = (node) => {
    node.held += 1;
    refill(node);
    events.in(10_000 + exponential(scenario.sessionMs), () => {
      node.held -= 1;
      refill(node);
    });
  };

  const refill = (node) => {
    const wanted = Math.min(node.capacity - node.held, node.target + node.line.length);
    while (node.starting < scenario.starts && node.warm + node.starting < wanted) {
      node.starting += 1;
      events.in(around(scenario.startMs), () => {
        node.starting -= 1;
        const since = node.line.shift();
        if (since === undefined) node.warm += 1;
        else {
          count.maxWaitMs = Math.max(count.maxWaitMs, events.now - since);
          stay(node);
        }
        refill(node);
      });
    }
  };

  const next = () => {
    const elapsed = events.now - START - SETTLE_MS;
    if (elapsed > scenario.lastMs) return;
    // Thinning (Lewis and Shedler, 1979): a Poisson process whose rate changes.
    if (random() * scenario.peak < scenario.rate(elapsed)) {
      count.readers += 1;
      go(Math.floor(random() * scenario.redirectors), []);
      // Geometric: for each reader share / (1 − share) of them on average. One that cannot be sent leaves no trace.
      while (phantoms > 0 && random() < phantoms) {
        count.phantoms += 1;
        fronts[Math.floor(random() * scenario.redirectors)].send([]);
      }
    }
    events.in(exponential(1_000 / scenario.peak), next);
  };
  events.in(SETTLE_MS, next);
  events.runUntil(START + SETTLE_MS + scenario.lastMs + 3_000);
  return count;
}

function createNode({ capacity, warm }, index, redirectors) {
  return {
    ...{ index, capacity, target: warm, warm, held: 0, starting: 0, coming: 0, seq: 0 },
    /** Arrival times of the readers who wait for a start. */
    line: [],
    /** Tickets that arrived, by redirector and epoch. */
    seen: Array.from({ length: redirectors }, () => new Map()),
  };
}

/** A node's `/stats`, in the format of DESIGN §5. */
function reportOf(node, key, redirector, now) {
  const oldest = Math.floor(now / EPOCH_MS) - YOUNG_EPOCHS;
  const seen = node.seen[redirector];
  for (const epoch of seen.keys()) if (epoch < oldest) seen.delete(epoch);
  node.seq += 1;
  return {
    ...{ available: node.warm, capacity: node.capacity },
    fleet: {
      ...{
        protocol: 1,
        node: `n${node.index}`,
        boot: 'b',
        seq: node.seq,
        state: 'ready',
        image: 'x',
        claims: 0,
      },
      ...{
        warm: node.warm,
        starting: node.starting,
        held: node.held,
        removing: 0,
        waiting: node.line.length,
      },
      ...{ capacity: node.capacity, ended: {}, load: 0, seen: { [key]: Object.fromEntries(seen) } },
    },
  };
}

/** The queue of events: a binary heap by time. */
class Events {
  now = START;
  #heap = [];

  in(ms, run) {
    const heap = this.#heap;
    const event = { at: this.now + ms, run };
    let hole = heap.length;
    heap.push(event);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (heap[parent].at <= event.at) break;
      heap[hole] = heap[parent];
      hole = parent;
    }
    heap[hole] = event;
  }

  runUntil(end) {
    while (this.#heap.length > 0 && this.#heap[0].at <= end) {
      const { at, run } = this.#pop();
      this.now = at;
      run();
    }
  }

  #pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].at < heap[child].at) child += 1;
      if (heap[child].at >= last.at) break;
      heap[hole] = heap[child];
      hole = child;
    }
    heap[hole] = last;
    return first;
  }
}
