/**
 * How much one core proxies, compared with a relay of bare bytes in Node, the proxies of JupyterHub, nginx and haproxy.
 *
 *   npm run build && node bench/proxy/main.mjs [--short] [--json <path>] [--rounds <n>] [--seconds <n>]
 *     [--only ours,nginx] [--rows 'page,1 MiB'] [--dist [<label>=]<path> …]
 *
 * The proxies have a core to themselves where there is `taskset`; readers and sandboxes (`load.mjs`, `sandboxes.mjs`) have the
 * others. Targets take turns in every round, in a rotating order; figures are medians, and a ratio is the median of the rounds' own
 * ratios. "CPU" is what the proxy's process used for a request, or a WebSocket's message and its echo, user and system: the
 * steadier figure where a machine is shared. `--only` and `--rows` take beginnings of names. Several `--dist` compare builds of
 * ours in one run: `--dist before=/elsewhere/dist --dist after=dist`. nginx and haproxy are Debian's, unpacked and not installed.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildOf } from '../common/builds.mjs';
import { call } from '../common/calls.mjs';
import { cpuMicroseconds } from '../common/cpu.mjs';
import { Places } from '../common/places.mjs';
import { print, summarize } from './report.mjs';
import { rowsOf } from './rows.mjs';
import { startTargets } from './targets.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    rows: { type: 'string' },
    dist: { type: 'string', multiple: true, default: [`ours=${here('../../dist')}`] },
  },
});
const rounds = Number(values.rounds ?? (values.short ? 1 : 5));
const seconds = Number(values.seconds ?? (values.short ? 0.3 : 2));
const rows = rowsOf(values).filter(
  ({ name }) => values.rows?.split(',').some((each) => name.startsWith(each)) ?? true,
);

const places = new Places();
const stopped = () => void places.close().then(() => process.exit(130));
process.once('SIGINT', stopped).once('SIGTERM', stopped);
try {
  const most = Math.max(...rows.map(({ sandboxes }) => sandboxes));
  const sandboxes = await places.program('other', [here('sandboxes.mjs'), String(most)]);
  const { ports } = sandboxes.hello;
  const dists = values.dist.map(buildOf);
  const { targets, skipped } = await startTargets({ places, ports, dists, only: values.only?.split(',') });
  const load = await places.program('other', [here('load.mjs')]);
  const samples = await measure(load.child, targets);
  const report = {
    what: 'requests a second through proxies',
    node: process.version,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    ...{ pinned: places.pinned, rounds, seconds, skipped },
    rows: summarize(rows, targets, samples),
  };
  print(report);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await places.close();
}

/** `{row, target, round, perSecond, cpu}` for each row, target and round. */
async function measure(load, targets) {
  const samples = [];
  for (const row of rows) {
    for (const { port } of targets) await call(load, { port, row, ms: seconds * 500 });
    for (let round = 0; round < rounds; round += 1) {
      for (const index of targets.keys()) {
        const { name, port, pid } = targets[(index + round) % targets.length];
        const before = cpuMicroseconds(pid);
        const { answers, seconds: took } = await call(load, { port, row, ms: seconds * 1_000 });
        const cpu = (cpuMicroseconds(pid) - before) / answers;
        samples.push({ row: row.name, target: name, round, perSecond: answers / took, cpu });
      }
    }
    if (process.stderr.isTTY) console.error(`bench: ${row.name} is measured`);
  }
  return samples;
}
