// A day of an article's readers, compressed to minutes, on this machine: a front, and nodes with the embedded engine and a tiny notebook
// server. There are few hosts in the morning; more join before the article is out, one is rotated out in the crowd, and the agent of
// another one is killed. Beside what happens stands what `tmpfleet plan` said before.
//
//   npm run build && node bench/nature-day/main.mjs [--short] [--json FILE] [--html FILE] [--svg FILE]
//     [--document FILE] [--logs DIR] [--scale <n>] [--over <time>] [--seed <n>]
//
// Readers come by `tmpfleet load`; hosts join and leave by `tmpfleet node`. --scale 0.1 has a tenth of the readers and of the slots;
// --over is the time of the whole day.
// Files below the temporary directory; all processes end with this one. Needs 20,000 file descriptors (ulimit -n):
// who stands in line holds one at the readers and one at the front, who is at work two at the readers, four at the host.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readPlanFile } from '../../dist/cli/load/check/plan-file.js';
import { writeSection } from '../common/document.mjs';
import { Fleet, tmpfleet } from '../common/fleet.mjs';
import { goFirst } from '../common/priority.mjs';
import { Day } from './day.mjs';
import { writePage } from './document.mjs';
import { drawPicture } from './picture.mjs';
import { condense, print } from './report.mjs';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'string' },
    html: { type: 'string' },
    svg: { type: 'string' },
    document: { type: 'string' },
    logs: { type: 'string' },
    scale: { type: 'string', default: '1' },
    over: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});

/**
 * The whole day, and a test of all of it. On two cores a reader costs some 36 ms of processor time, a third of it the start. A sandbox
 * is held for 30 s by its reader, and then for 35 s less what had passed since their last line; 2,048 of them let 30 to 33 readers in
 * a second, and 1,792, once a host has gone, 27 to 29. That leaves a good part of the machine to the 11,000 who stand in line at most, and the
 * last of these waits for less than ten minutes. When the article is out, those who come first find the warm ones: 80 a second, for
 * some seconds.
 */
const LONG = {
  ...{ readers: 20_000, over: '10m', capacity: 256, nodes: 8, first: 2 },
  ...{ stay: 'exp:30s', think: '10s', idle: '35s', patience: '20m' },
};
const SHORT = {
  ...{ readers: 300, over: '30s', capacity: 24, nodes: 4, first: 2 },
  ...{ stay: 'exp:1s', think: '1s', idle: '2s', patience: '2m' },
};
const scale = Number(values.scale);
const given = values.short ? SHORT : LONG;
const day = {
  ...given,
  over: values.over ?? given.over,
  readers: Math.round(given.readers * scale),
  capacity: Math.max(2, Math.round(given.capacity * scale)),
};
const SANDBOX = `perl -w ${fileURLToPath(new URL('notebook.pl', import.meta.url))} {ip} {port}`;
const CULL = '1s';
const cores = cpus().length;
/** The front and the readers take the rest of this machine. */
const NODES_SHARE = 0.65;

const fleet = new Fleet('nature-day');
let generator;
/** Once: a second signal ends this process at once. */
const interrupted = new Promise((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => {
      generator?.kill('SIGINT');
      reject(new Error(`interrupted by ${signal}`));
    });
});
const say = (words) => {
  if (process.stderr.isTTY) process.stderr.write(`${words}\n`);
};

const crowd = [
  ...['--readers', String(day.readers), '--shape', 'nature-day', '--seed', values.seed],
  ...['--stay', day.stay, '--patience', day.patience],
];

/**
 * By the whole fleet; where one host less is left, as at the end of the day, too.
 * @param startCpuMs what a start took just now, of the sandbox and of its agent: with a sandbox as small as this one, that is most of it
 */
async function plan(file, startCpuMs) {
  const hosts = ['--hosts', String(day.nodes), '--capacity', String(day.capacity), '--warm', 'all'];
  const sandboxes = ['--measure', 'local', '--command', SANDBOX, '--reader-cpus', '0', '--idle', day.idle];
  const cpu = ['--cpu', `${Math.max(1, Math.round(startCpuMs))}ms`];
  const machine = [
    '--host-cpus',
    ((NODES_SHARE * cores) / day.nodes).toFixed(3),
    '--concurrent-starts',
    String(Math.max(2, cores)),
  ];
  const network = ['--latency', '5ms', '--poll-interval', '1s', '--cull-interval', CULL];
  const rest = ['--what-if', `hosts=${day.nodes - 1}`, '--save', file];
  await tmpfleet([
    ...['plan', ...crowd, '--over', day.over],
    ...[...hosts, ...sandboxes, ...cpu, ...machine, ...network, ...rest],
  ]);
  return readPlanFile(file);
}

const nodeOptions = [
  ...['--command', SANDBOX, '--capacity', String(day.capacity), '--warm', 'all', '--idle', day.idle],
  // The engine's list is read from a file for each sandbox: more seldom, where hundreds are on one machine.
  ...['--cull-interval', CULL, '--reap-interval', '30s', '--min-free-memory', '64m'],
];

async function main() {
  say('the hosts of the morning fill');
  goFirst((await fleet.startFront(['--poll-interval', '1s'])).pid);
  const course = new Day(fleet, { ...day, nodeOptions, say });
  const startCpuMs = await course.openFirst();
  say('the day is planned');
  const planFile = join(fleet.dir, 'plan.json');
  const planned = await plan(planFile, startCpuMs);
  const before = fleet.usage();
  say(`${day.readers} readers within ${day.over}`);
  const html = values.html === undefined ? [] : ['--html', values.html];
  const readers = ['--think', day.think, '--max-readers', String(day.readers)];
  const visits = [...crowd, '--for', day.over, ...readers, ...html, '--check', planFile, '--json'];
  const onStart = (child) => {
    generator = child;
    goFirst(child.pid);
    if (process.stderr.isTTY) child.stderr?.pipe(process.stderr);
  };
  const load = tmpfleet(['load', fleet.front.url, ...visits], { onStart, ownSession: true });
  const ended = load.finally(() => course.end());
  await Promise.all([ended, course.run()]);
  const report = JSON.parse((await load).stdout);
  const front = await (await fetch(`${fleet.front.controlUrl}/metrics`)).text();
  const processor = { before, after: fleet.usage(), startCpuMs };
  return condense({ day, planned, report, course, front, processor });
}

try {
  const running = main();
  // Where it is interrupted, what goes on fails, as the fleet is stopped.
  running.catch(() => undefined);
  const result = await Promise.race([running, interrupted]);
  print(result);
  const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version.slice(1)}`;
  const written = { what: 'nature-day', machine, scale, seed: Number(values.seed), ...result };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(written, undefined, 1)}\n`);
  if (values.svg !== undefined) writeFileSync(values.svg, drawPicture(written));
  if (values.document !== undefined) {
    const picture = relative(dirname(values.document), values.svg ?? 'nature-day.svg');
    const command = ['npm run bench:nature-day --', ...process.argv.slice(2)].join(' ');
    writeSection(values.document, undefined, writePage(written, { picture, command }));
  }
} catch (error) {
  // The logs go with the fleet's directory.
  for (const name of ['front', 'node-1']) {
    try {
      console.error(`${name}: ${readFileSync(join(fleet.dir, `${name}.log`), 'utf8').slice(-1_500)}`);
    } catch {
      // It had not been started.
    }
  }
  throw error;
} finally {
  if (values.logs !== undefined)
    cpSync(fleet.dir, values.logs, {
      recursive: true,
      filter: (path) => path === fleet.dir || path.endsWith('.log'),
    });
  await fleet.stop();
}
