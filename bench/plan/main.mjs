// How near a plan comes to what a fleet does: four nodes (embedded engine, a tiny sandbox) of five slots, under crowds that are too
// many for them. The plan is made before, by `tmpfleet plan`; then `tmpfleet load` sends the readers, and the two are compared.
//
//   npm run build && node bench/plan/main.mjs [--json FILE] [--only <part of a name>] [--seed <n>]
//
// Start and removal of a sandbox are measured on this machine first, since nodes, readers and whatever else runs share it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { checkPlan } from '../../dist/cli/load/check/check-plan.js';
import { readPlanFile } from '../../dist/cli/load/check/plan-file.js';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
});
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SANDBOX = `perl ${fileURLToPath(new URL('../../test/support/light-server.pl', import.meta.url))} {ip} {port}`;
const FLEET = { nodes: 4, capacity: 5, idle: '20s' };
const READY_MS = 120_000;

/**
 * Readers within a time. Each opens a page and leaves, and holds the sandbox until it is idle, and up to five seconds more: a page
 * that asks for the same again and again is not use. So the fleet serves four readers in five seconds.
 */
const CROWDS = [
  { name: 'room for all', readers: 45, over: '90s', shape: 'constant', patience: '30s' },
  { name: 'a spike and a line', readers: 90, over: '2m', shape: 'spike', patience: '3m' },
  { name: 'more than there is room for', readers: 240, over: '3m', shape: 'constant', patience: '30s' },
];

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bench-plan-'));
const execute = promisify(execFile);

async function tmpfleet(args) {
  const options = { maxBuffer: 64 * 1024 * 1024, env: process.env };
  // 5: what was to be kept is not kept, as is meant. 6: the generator was the limit, which is said below.
  return execute(process.execPath, [COMMAND, ...args], options).catch((error) => {
    if (error.code === 5 || error.code === 6) return error;
    throw new Error(`tmpfleet ${args.join(' ')}: ${error.stderr || error.message}`);
  });
}

/** Its front's address, once all slots are warm; and its end. */
async function startFleet() {
  const { nodes, capacity, idle } = FLEET;
  const size = ['--nodes', String(nodes), '--capacity', String(capacity), '--warm', String(capacity)];
  const engine = ['--engine', 'local', '--command', SANDBOX, '--idle', idle, '--no-own-origin'];
  const demo = spawn(process.execPath, [COMMAND, 'demo', '--port', '0', ...size, ...engine], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the fleet does not start: ${output}`)), READY_MS);
    demo.once('exit', () => reject(new Error(`the fleet ended: ${output}`)));
    demo.stdout.on('data', (text) => {
      output += text;
      const found = /Click: {2}(http:\S+?)\/?\n/.exec(output);
      if (found === null) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  }).catch((error) => {
    demo.kill('SIGTERM');
    throw error;
  });
  return {
    url,
    stop: async () => {
      const ended = once(demo, 'exit');
      demo.kill('SIGTERM');
      await ended;
    },
  };
}

async function compare({ name, readers, over, shape, patience }) {
  const plan = join(dir, 'plan.json');
  const crowd = ['--readers', String(readers), '--shape', shape, '--stay', '0', '--patience', patience];
  const seed = ['--seed', values.seed];
  const { nodes, capacity, idle } = FLEET;
  const fleet = ['--hosts', String(nodes), '--capacity', String(capacity), '--warm', 'all', '--idle', idle];
  const image = ['--measure', 'local', '--command', SANDBOX, '--reader-cpus', '0'];
  // The nodes share this machine, and have the default of their option.
  const cores = cpus().length;
  const starts = ['--host-cpus', String(cores / nodes), '--concurrent-starts', String(Math.max(2, cores))];
  const network = ['--latency', '5ms', '--poll-interval', '1s'];
  await tmpfleet([
    'plan',
    ...crowd,
    ...seed,
    '--over',
    over,
    ...fleet,
    ...image,
    ...starts,
    ...network,
    '--save',
    plan,
  ]);
  const { url, stop } = await startFleet();
  try {
    const reader = ['--page', 'none'];
    const { stdout } = await tmpfleet(['load', url, ...crowd, ...seed, '--for', over, ...reader, '--json']);
    const report = JSON.parse(stdout);
    return {
      name,
      question: readPlanFile(plan).question,
      lines: checkPlan(readPlanFile(plan), report),
      report,
    };
  } finally {
    await stop();
  }
}

const results = [];
try {
  for (const crowd of CROWDS.filter(({ name }) => name.includes(values.only))) {
    const { name, question, lines, report } = await compare(crowd);
    console.log(
      `\n${name}: ${crowd.readers} readers within ${crowd.over}, ${crowd.shape}, with a patience of ${crowd.patience}`,
    );
    console.log(`a start measured: ${question.start_time}; a removal: ${question.remove_time}`);
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
} finally {
  rmSync(dir, { recursive: true, force: true });
}
if (values.json !== undefined) {
  const of = { what: 'plan', node: process.version, fleet: FLEET, seed: Number(values.seed), results };
  writeFileSync(values.json, `${JSON.stringify(of, undefined, 2)}\n`);
}
