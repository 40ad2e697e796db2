/**
 * How often a reader is sent to a node without a warm sandbox while another node has one: our policy, and others.
 *
 *   npm run build && node bench/placement/run.mjs [--short] [--seed <n>] [--runs <n>]
 *     [--only <part of a scenario's name>] [--policy <name>] [--json <path>] [--svg <path>]
 *
 * "missed": the reader found no warm sandbox at first arrival, although another node had one that no reader was on the
 * way to. "bounced": of those, the node had no room to wait for a start either, and sent the reader back. "cold": waited
 * for a start. "held": waited at the front until all nodes had reported again. "refused": refused by the front while a
 * node had room. All in percent of readers; "worst" is the worst of the runs.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { simpleScenario } from '../../dist/cli/plan/simulator/model.js';
import { simulate } from '../../dist/cli/plan/simulator/simulate.js';
import { seededRandom } from '../../dist/shared/clock.js';
import { plot } from './plot.mjs';
import { policies } from './policies.mjs';
import { scenarios, shortScenarios } from './scenarios.mjs';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    only: { type: 'string', default: '' },
    policy: { type: 'string', default: '' },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
});
const runs = Number(values.runs ?? (values.short ? 1 : 5));
const seed = Number(values.seed);
const chosen = (values.short ? shortScenarios : scenarios).filter(({ name }) => name.includes(values.only));

const results = [];
for (const scenario of chosen) {
  console.log(
    `\n${scenario.name}${scenario.target === undefined ? '' : `   (target: missed ≤ ${scenario.target} %)`}`,
  );
  console.log(
    row(['', 'readers', 'missed %', 'worst %', 'bounced %', 'cold %', 'held', 'refused', 'turned away']),
  );
  for (const [policy, { create, pollMs = scenario.pollMs }] of Object.entries(policies)) {
    if (!policy.startsWith(values.policy)) continue;
    const counts = Array.from({ length: scenario.large ? Math.min(runs, 2) : runs }, (_, run) =>
      simulate(simpleScenario({ ...scenario, pollMs }), create, seededRandom(seed + run)),
    );
    const result = { scenario: scenario.name, target: scenario.target, policy, pollMs, ...summarize(counts) };
    results.push(result);
    const { readers, missed, worst, bounced, cold, waited, refused, turnedAway } = result;
    console.log(
      row([
        policy,
        readers,
        percent(missed),
        percent(worst),
        percent(bounced),
        percent(cold),
        waited,
        refused,
        turnedAway,
      ]),
    );
  }
}
const report = { what: 'placement', node: process.version, seed, runs, results };
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
if (values.svg !== undefined) writeFileSync(values.svg, plot(results));

function summarize(counts) {
  const sum = (key) => counts.reduce((total, count) => total + count[key], 0);
  const readers = sum('readers');
  return {
    readers,
    missed: (100 * sum('missed')) / readers,
    worst: Math.max(...counts.map((count) => (100 * count.missed) / count.readers)),
    bounced: (100 * sum('bouncedAside')) / readers,
    cold: (100 * sum('cold')) / readers,
    waited: sum('waited'),
    refused: sum('refused'),
    turnedAway: sum('turnedAway'),
    maxWaitMs: Math.round(Math.max(...counts.map(({ maxWaitMs }) => maxWaitMs))),
  };
}

function percent(value) {
  return value === 0 ? '0' : value.toFixed(3);
}

function row([name, ...figures]) {
  return `  ${String(name).padEnd(22)}${figures.map((figure) => String(figure).padStart(12)).join('')}`;
}
