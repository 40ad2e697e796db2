/**
 * Measures what a placement decision costs, and how much memory a known node takes.
 *
 *   npm run build && node --expose-gc bench/placement/choice.mjs [--short] [--json <path>]
 *
 * "choose" is the decision alone; "choose + send" also counts the reader as on their way and changes the node's
 * weight, as each redirect does (without the signature of its ticket). Medians of rounds, at half-full fleets of 64 slots.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Fleet } from '../../dist/redirector/nodes/fleet.js';
import { Weights } from '../../dist/redirector/placement/weights.js';
import { seededRandom } from '../../dist/shared/clock.js';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const ROUNDS = values.short ? 3 : 5;
const TIMES = values.short ? 20_000 : 160_000;
const NONE_TRIED = [];
const OUR_KEY = 'front-1/0123456789abcdef';
const OTHERS = ['front-2/0123456789abcdef', 'front-3/0123456789abcdef', 'front-4/0123456789abcdef'];

const results = [4, 100, 10_000].map((count) => {
  const memory = count === 10_000 ? bytesPerNode(count) : undefined;
  const choose = measure(count, false);
  const send = measure(count, true);
  return {
    nodes: count,
    chooseNs: round(choose),
    sendNs: round(send),
    ...(memory === undefined ? {} : { bytesPerNode: memory }),
  };
});
console.log('   nodes   choose, ns   choose + send, ns   bytes per node in view');
for (const { nodes, chooseNs, sendNs, bytesPerNode: bytes } of results) {
  console.log(
    `${String(nodes).padStart(8)}${String(chooseNs).padStart(13)}${String(sendNs).padStart(20)}${String(bytes ?? '').padStart(25)}`,
  );
}
if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify({ what: 'choice', node: process.version, results }, null, 2)}\n`,
  );
}

function createFleet(count, random, keys) {
  let now = 1_800_000_000_000;
  const clock = { now: () => now, monotonic: () => now };
  const fleet = new Fleet(clock, { pollIntervalMs: 2_000 });
  const weights = new Weights({ ourKey: OUR_KEY, pollIntervalMs: 2_000 });
  fleet.keepOnlySeen(OUR_KEY);
  fleet.watch(weights);
  fleet.setMembers(
    Array.from({ length: count }, (_, index) => ({
      id: `node${index}`,
      url: `https://node${index}.example.org`,
    })),
  );
  let seq = 0;
  const report = () => {
    seq += 1;
    const epoch = Math.floor(now / 1_000);
    for (const view of fleet.views())
      fleet.report(view, parse(reportOf(view.member.id, seq, epoch, random, keys)), now);
  };
  report();
  return { fleet, weights, clock, report, pass: (ms) => (now += ms) };
}

/** A report as from the wire: new strings, and ten seconds of tickets. @param keys of the redirectors of the tickets */
function reportOf(node, seq, epoch, random, keys) {
  const warm = 16 + Math.floor(random() * 32);
  const seen = Object.fromEntries(Array.from({ length: 10 }, (_, age) => [epoch - age, 1]));
  return JSON.stringify({
    ...{
      available: warm,
      capacity: 64,
      version: '0.1.0',
      container_image: 'quay.io/jupyter/scipy-notebook:2026-01',
    },
    fleet: {
      ...{
        protocol: 1,
        node,
        boot: `boot-of-${node}`,
        seq,
        state: 'ready',
        warm,
        starting: 1,
        held: 64 - warm - 1,
      },
      ...{
        removing: 0,
        waiting: 0,
        capacity: 64,
        image: 'quay.io/jupyter/scipy-notebook:2026-01',
        claims: 1_000,
      },
      ended: { idle: 500, expired: 20, unclaimed: 3, crashed: 1 },
      seen: Object.fromEntries(keys.map((key) => [key, seen])),
      load: 0.5,
    },
  });
}

function parse(text) {
  return JSON.parse(text);
}

function measure(count, sending) {
  const random = seededRandom(1);
  const { fleet, weights, clock, report, pass } = createFleet(count, random, [OUR_KEY]);
  const rounds = [];
  for (let round = 0; round < ROUNDS + 1; round += 1) {
    // As many as a fleet gets between two polls, until enough decisions are timed.
    const batch = Math.min(TIMES, count * 8);
    let spent = 0;
    let done = 0;
    while (done < TIMES) {
      const began = process.hrtime.bigint();
      for (let turn = 0; turn < batch; turn += 1) {
        const now = clock.now();
        const view = weights.choose(random, NONE_TRIED, now);
        if (!sending) continue;
        fleet.countRedirect(view, now, 'ticket');
        weights.sent(view, now);
      }
      spent += Number(process.hrtime.bigint() - began);
      done += batch;
      if (sending) {
        pass(20_000);
        report();
      }
    }
    rounds.push(spent / done);
  }
  return median(rounds.slice(1));
}

function bytesPerNode(count) {
  const collect = globalThis.gc;
  if (collect === undefined) return undefined;
  collect();
  const before = process.memoryUsage();
  const kept = createFleet(count, seededRandom(2), [OUR_KEY, ...OTHERS]);
  collect();
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  return Math.round(grown / kept.fleet.size);
}

function round(ns) {
  return Math.round(ns);
}

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}
