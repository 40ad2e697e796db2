// How near a plan comes to what a fleet does: four nodes (embedded engine, a tiny sandbox) of five slots, under crowds that are too
// many for them. The plan is made before, by `tmpfleet plan`; then `tmpfleet load` sends the readers, and the two are compared.
//
//   npm run build && node bench/plan/main.mjs [--json FILE] [--only <part of a name>] [--seed <n>] [--cull <time>] [--logs DIR]
//
// Start and removal of a sandbox are measured on this machine first, since nodes, readers and whatever else runs share it.
import { cpSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkPlan } from '../../dist/cli/load/check/check-plan.js';
import { readPlanFile } from '../../dist/cli/load/check/plan-file.js';
import { Fleet, tmpfleet } from '../common/fleet.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    cull: { type: 'string', default: '5s' },
    logs: { type: 'string' },
  },
});
const SANDBOX = `perl ${fileURLToPath(new URL('../../test/support/light-server.pl', import.meta.url))} {ip} {port}`;
const FLEET = { nodes: 4, capacity: 5, idle: '20s' };

/**
 * Readers within a time. Each opens a page and leaves, and holds the sandbox until it is idle, and up to `--cull` more: a page
 * that asks for the same again and again is not use. So the fleet serves four readers in five seconds, by default.
 */
const CROWDS = [
  { name: 'room for all', readers: 45, over: '90s', shape: 'constant', patience: '30s' },
  { name: 'a spike and a line', readers: 90, over: '2m', shape: 'spike', patience: '3m' },
  { name: 'more than there is room for', readers: 240, over: '3m', shape: 'constant', patience: '30s' },
];

async function startFleet(fleet) {
  const { nodes, capacity, idle } = FLEET;
  const { url } = await fleet.startFront(['--poll-interval', '1s']);
  const size = ['--capacity', String(capacity), '--warm', 'all'];
  const options = ['--command', SANDBOX, ...size, '--idle', idle, '--cull-interval', values.cull];
  for (let index = 1; index <= nodes; index += 1) {
    const node = await fleet.startNode(`node-${index}`, options);
    await fleet.node('add', node.url, '--id', `node-${index}`);
  }
  await fleet.untilFree(url, nodes * capacity);
  return url;
}

async function compare({ name, readers, over, shape, patience }) {
  const fleet = new Fleet('plan');
  try {
    const plan = join(fleet.dir, 'plan.json');
    const crowd = ['--readers', String(readers), '--shape', shape, '--stay', '0', '--patience', patience];
    const seed = ['--seed', values.seed];
    const { nodes, capacity, idle } = FLEET;
    const hosts = ['--hosts', String(nodes), '--capacity', String(capacity), '--warm', 'all', '--idle', idle];
    const image = ['--measure', 'local', '--command', SANDBOX, '--reader-cpus', '0'];
    // The nodes share this machine, and have the default of their option.
    const cores = cpus().length;
    const starts = ['--host-cpus', String(cores / nodes), '--concurrent-starts', String(Math.max(2, cores))];
    const times = ['--latency', '5ms', '--poll-interval', '1s', '--cull-interval', values.cull];
    await tmpfleet([
      ...['plan', ...crowd, ...seed, '--over', over, ...hosts, ...image, ...starts, ...times, '--save', plan],
    ]);
    const url = await startFleet(fleet);
    const load = await tmpfleet(['load', url, ...crowd, ...seed, '--for', over, '--page', 'none', '--json']);
    const report = JSON.parse(load.stdout);
    const { question } = readPlanFile(plan);
    if (values.logs !== undefined) cpSync(fleet.dir, join(values.logs, name), { recursive: true });
    return { name, question, lines: checkPlan(readPlanFile(plan), report), report };
  } finally {
    await fleet.stop();
  }
}

const results = [];
for (const crowd of CROWDS.filter(({ name }) => name.includes(values.only))) {
  const { name, question, lines, report } = await compare(crowd);
  console.log(
    `\n${name}: ${crowd.readers} readers within ${crowd.over}, ${crowd.shape}, with a patience of ${crowd.patience}`,
  );
  console.log(
    `a start measured: ${question.start_time}, ${question.cpu} of a core; a removal: ${question.remove_time}`,
  );
  console.table(
    lines.map(({ what, planned, measured, unit, ok }) => ({
      '': what,
      planned: `${Number(planned.toFixed(1))} ${unit}`,
      measured: `${Number(measured.toFixed(1))} ${unit}`,
      difference: planned === 0 ? '' : `${((100 * (measured - planned)) / planned).toFixed(1)} %`,
      ok,
    })),
  );
  for (const { kind, step, count, example } of report.errors)
    console.log(`  ${count} × ${kind} in ${step}: ${example}`);
  if (report.generator.limits.length > 0)
    console.log('  the generator was the limit:', report.generator.limits);
  results.push({ name, crowd, question, lines });
}
if (values.json !== undefined) {
  const of = {
    what: 'plan',
    node: process.version,
    fleet: FLEET,
    cull: values.cull,
    seed: Number(values.seed),
  };
  writeFileSync(values.json, `${JSON.stringify({ ...of, results }, undefined, 2)}\n`);
}
