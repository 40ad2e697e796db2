// From the click to the first output of a cell, with a kernel that runs before the click (`--prime`) and without: what the servers take,
// by readers without a browser who ask what the page asks, one after another and many at once; and what a reader sees, in Chromium.
//
//   npm run bench:first-output -- --image IMAGE | --command COMMAND [--app notebook|lab] [--docker-host URL] [--chromium FILE] [--clicks <n>]
//     [--at-once <n>] [--json FILE] [--document FILE] [--short]
//
// The image has a Jupyter whose notebook `intro.ipynb` prints 42 in its first cell; it is not pulled. With --command, sandboxes are processes
// on this machine. Two nodes of its own run at the same
// time, one of them primed, and clicks take turns; a batch begins when all sandboxes are warm. --json keeps what other apps have in the file.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { writeSection } from '../common/document.mjs';
import { Fleet } from '../common/fleet.mjs';
import { percentile } from '../common/numbers.mjs';
import { openBrowser } from './browser.mjs';
import { joined, ReaderNode } from './node.mjs';
import { print, writePage } from './report.mjs';

const { values } = parseArgs({
  options: {
    image: { type: 'string' },
    command: { type: 'string' },
    app: { type: 'string', default: 'notebook' },
    'docker-host': { type: 'string' },
    chromium: { type: 'string' },
    clicks: { type: 'string' },
    'at-once': { type: 'string' },
    json: { type: 'string' },
    document: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const PATHS = { notebook: 'notebooks/intro.ipynb', lab: 'lab/tree/intro.ipynb' };
const { app, image, command } = values;
if ((image === undefined) === (command === undefined) || PATHS[app] === undefined)
  throw new Error('--image IMAGE or --command COMMAND, and --app notebook or lab');
const clicks = Number(values.clicks ?? (values.short ? 2 : 50));
const atOnce = Number(values['at-once'] ?? (values.short ? 3 : 30));
/** One after another: further apart than a kernel takes to start. */
const APART_S = { primed: 1, unprimed: 3 };
/** As good as at once. */
const AT_ONCE = '50ms';
const BATCH = Math.min(10, clicks);

const say = (words) => {
  if (process.stderr.isTTY) process.stderr.write(`${words}\n`);
};

const fleet = new Fleet('first-output');
let browser;
try {
  const about = { path: PATHS[app], image, command, dockerHost: values['docker-host'] };
  const primed = await ReaderNode.start(fleet, {
    ...about,
    name: `${app}-primed`,
    size: atOnce,
    prime: true,
  });
  const unprimed = await ReaderNode.start(fleet, {
    ...about,
    name: `${app}-unprimed`,
    size: BATCH,
    prime: false,
  });
  const nodes = { primed, unprimed };
  const result = {
    engine: image === undefined ? 'local' : 'docker',
    clicks,
    at_once: atOnce,
    load_before: loadavg()[0],
  };
  result.server = await serverTimes(nodes);
  if (values.chromium !== undefined) result.browser = await browserTimes(nodes);
  const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version.slice(1)}`;
  const before =
    values.json !== undefined && existsSync(values.json) ? JSON.parse(readFileSync(values.json, 'utf8')) : {};
  const report = { what: 'first-output', machine, apps: { ...before.apps, [app]: result } };
  print(app, result);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 1)}\n`);
  if (values.document !== undefined) writeSection(values.document, 'first-output', writePage(report));
} finally {
  await browser?.close();
  await fleet.stop();
}

async function serverTimes({ primed, unprimed }) {
  const reports = { primed: [], unprimed: [] };
  await primed.untilWarm();
  say(`${atOnce} at once`);
  const once = [await primed.visit(atOnce, AT_ONCE)];
  await primed.giveBack();
  for (let left = clicks; left > 0; left -= BATCH)
    for (const [name, node] of Object.entries({ primed, unprimed })) {
      await Promise.all([primed.untilWarm(), unprimed.untilWarm()]);
      say(`${name}: ${left} clicks to go`);
      const readers = Math.min(BATCH, left);
      reports[name].push(await node.visit(readers, `${readers * APART_S[name]}s`));
      await node.giveBack();
    }
  return {
    primed: await joined(reports.primed),
    unprimed: await joined(reports.unprimed),
    at_once: await joined(once),
  };
}

async function browserTimes(nodes) {
  browser = await openBrowser(values.chromium);
  const times = { primed: [], unprimed: [] };
  for (let left = clicks; left > 0; left -= BATCH) {
    await Promise.all(Object.values(nodes).map((node) => node.untilWarm()));
    say(`in the browser: ${left} clicks to go`);
    for (let each = 0; each < Math.min(BATCH, left); each += 1)
      for (const [name, node] of Object.entries(nodes)) times[name].push(await browser.click(node.url, app));
    await Promise.all(Object.values(nodes).map((node) => node.giveBack()));
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => [
      name,
      Object.fromEntries(
        Object.keys(all[0]).map((step) => {
          const of = (part) =>
            Math.round(
              percentile(
                all.map((each) => each[step]),
                part,
              ),
            );
          return [step, { count: all.length, p50_ms: of(0.5), p99_ms: of(0.99) }];
        }),
      ),
    ]),
  );
}
