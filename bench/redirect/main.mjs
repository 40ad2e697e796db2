/**
 * How many redirects per second one core answers: ours, compared with raw node:http that answers the same 302, Koa
 * alone, nginx and tmpnb-redirector.
 *
 *   npm run build && node bench/redirect/main.mjs [--short] [--json <path>] [--rounds <n>] [--seconds <n>]
 *     [--connections <n>] [--only ours,raw] [--bare] [--load wrk|sockets] [--tmpnb-redirector <redirector.py>]
 *     [--dist [<label>=]<path> …]
 *
 * Server and load have a core each where there is `taskset`. Targets take turns in every round, in a rotating order,
 * and figures are medians; a ratio is the median of the rounds' own ratios, so that what else the machine does weighs
 * on both sides. Several `--dist` compare builds of ours in one run: `--dist before=/elsewhere/dist --dist after=dist`. "CPU" is what the server's process used for a request, user and system: the steadier figure where
 * a machine is shared. Requests carry a browser's headers unless `--bare`.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { buildOf } from '../common/builds.mjs';
import { cpuMicroseconds } from '../common/cpu.mjs';
import { Places } from '../common/places.mjs';
import { openLoad } from './load.mjs';
import { print, summarize } from './report.mjs';
import { startTargets } from './targets.mjs';

const MODES = ['keep-alive', 'new connections'];

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    json: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string' },
    only: { type: 'string' },
    load: { type: 'string' },
    dist: { type: 'string', multiple: true, default: ['dist'] },
    'tmpnb-redirector': { type: 'string' },
  },
});
const rounds = Number(values.rounds ?? (values.short ? 1 : 9));
const seconds = Number(values.seconds ?? (values.short ? 0.2 : 2));
const connections = Number(values.connections ?? (values.short ? 4 : 32));

const places = new Places();
const stopped = () => void places.close().then(() => process.exit(130));
process.once('SIGINT', stopped).once('SIGTERM', stopped);
try {
  const load = await openLoad({ places, wanted: values.load ?? (values.short ? 'sockets' : undefined) });
  const { targets, skipped } = await startTargets({
    places,
    dists: values.dist.map(buildOf),
    only: values.only?.split(','),
    tmpnb: values['tmpnb-redirector'],
  });
  for (const { name, why } of skipped) console.log(`skipped: ${name} (${why})`);
  const samples = await measure(load, targets);
  const report = {
    what: 'redirects a second',
    node: process.version,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    ...{ load: load.name, pinned: places.pinned, headers: values.bare ? 'bare' : 'browser' },
    ...{ connections, rounds, seconds, skipped },
    modes: summarize(MODES, targets, samples),
  };
  print(report);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await places.close();
}

/** `{mode, target, round, perSecond, cpu}` for each target, mode and round. */
async function measure(load, targets) {
  const run = (target, mode, duration) =>
    load.run({
      port: target.port,
      connections,
      seconds: duration,
      fresh: mode !== MODES[0],
      bare: values.bare,
    });
  for (const target of targets) for (const mode of MODES) await run(target, mode, seconds / 2);
  const samples = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const mode of MODES) {
      for (const index of targets.keys()) {
        const target = targets[(index + round) % targets.length];
        const before = cpuMicroseconds(target.pid);
        const { answers, took } = await run(target, mode, seconds);
        const cpu = (cpuMicroseconds(target.pid) - before) / answers;
        samples.push({ mode, target: target.name, round, perSecond: answers / took, cpu });
      }
    }
  }
  return samples;
}
