// `tmpfleet load`: the load-test script that everyone would otherwise write. It only wires: schedule, readers, measuring, report.
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { seededRandom, systemClock } from '../../shared/clock.ts';
import type { ConfigOf } from '../../shared/config/option.ts';
import { formatDuration, spellCount } from '../../shared/config/units.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { addOptions, readOptions } from '../server/options.ts';
import { CommandError, EXIT, reportFailure } from '../terminal/exit.ts';
import { type CheckedLine, checkPlan } from './check/check-plan.ts';
import { type PlanFile, readPlanFile } from './check/plan-file.ts';
import { sourceAddresses } from './client/addresses.ts';
import { confirmLoad } from './confirm.ts';
import { GeneratorWatch } from './measure/generator.ts';
import { Recorder } from './measure/recorder.ts';
import { loadOptions } from './options.ts';
import { readSteps } from './profiles/http-file.ts';
import { showProgress } from './progress.ts';
import { makeCsv } from './report/csv.ts';
import { makeHtml } from './report/html.ts';
import { joinReports, readReport } from './report/join.ts';
import { makeReport, type Report } from './report/report.ts';
import { spellMs, summarize } from './report/summary.ts';
import { type Judgement, judge, parseThreshold, type Threshold } from './report/thresholds.ts';
import { FleetWatch } from './run/fleet-watch.ts';
import { run } from './run/run.ts';
import { drawSchedule, scheduleJson } from './schedule/dry-run.ts';
import { makeSchedule, type Schedule } from './schedule/schedule.ts';
import { SHAPE_WORDS } from './schedule/shapes.ts';

type LoadConfig = ConfigOf<typeof loadOptions>;

/** More slices than this are no better picture. */
const MOST_SLICES = 600;
const SAMPLE_MS = 500;

export function addLoadCommand(command: Command): void {
  command.argument('[url]', 'what readers click: https://try.example.org/notebooks/intro.ipynb');
  addOptions(command, loadOptions, { readsEnvironment: false })
    .addHelpText(
      'after',
      `
Shapes:
${Object.entries(SHAPE_WORDS)
  .map(([name, words]) => `  ${name.padEnd(12)} ${words}`)
  .join('\n')}
  ${'trace:FILE'.padEnd(12)} as readers came when it was recorded (--arrivals-log of a front or a node)

  tmpfleet load http://127.0.0.1:9000/ --rate 5 --for 1m --html load.html
  tmpfleet load https://try.example.org/ --readers 2000 --for 10m --shape spike --threshold 'first_output.p99<2s' --yes
  tmpfleet load --join one.json two.json --html both.html

Exit code: 5 if a threshold was missed, 6 if the generator was the limit; the sandboxes of a run stay until they are idle.`,
    )
    .action(async () => {
      try {
        process.exitCode = await load(command);
      } catch (error) {
        process.exitCode = reportFailure(error);
      }
      // What was written must arrive first: a report is longer than a pipe.
      await new Promise((resolve) => process.stdout.write('', resolve));
      process.exit();
    });
}

async function load(command: Command): Promise<number> {
  const words = command.args.filter((word) => !word.startsWith('-'));
  const isJoin = command.getOptionValue('join') !== undefined;
  // The address is no option; with --join, its further files are none.
  const taken = isJoin ? words : words.slice(0, 1);
  const rest = command.args.filter((word) => !taken.includes(word));
  const { config, printed } = readOptions(loadOptions, command, {}, rest);
  if (printed !== undefined) {
    process.stdout.write(printed);
    return EXIT.ok;
  }
  const held: Held = {
    thresholds: config.threshold.map(parseThreshold),
    plan: config.check === '' ? undefined : readPlanFile(config.check),
  };
  if (isJoin) return show(joinReports([...config.join, ...taken].map(readReport)), held, config);
  const schedule = makeSchedule(config, seededRandom(config.seed));
  if (config.dryRun) {
    process.stdout.write(
      config.json ? `${JSON.stringify(scheduleJson(schedule), undefined, 2)}\n` : drawSchedule(schedule),
    );
    return EXIT.ok;
  }
  const report = await runLoad(targetOf(taken[0]), schedule, config);
  const code = show(report, held, config);
  return report.interrupted ? EXIT.interrupted : code;
}

async function runLoad(url: string, schedule: Schedule, config: LoadConfig): Promise<Report> {
  const { arrivals, closed, forMs } = schedule;
  if (closed > config.maxReaders) {
    throw new FleetError(
      'bad-config',
      `--closed: ${closed} readers are more than --max-readers ${config.maxReaders}`,
    );
  }
  const steps = config.profile === 'http' ? readSteps(config.steps) : [];
  const from = sourceAddresses(config.from);
  const who =
    closed > 0 ? `${spellCount(closed, 'reader')} at a time` : `${spellCount(arrivals.length, 'reader')}`;
  const what = `${who} within ${formatDuration(Math.ceil(forMs / 1_000) * 1_000)}`;
  const mayReach = await confirmLoad({ url, what, yes: config.yes });
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  const clock = systemClock;
  const sliceMs = 1_000 * Math.max(1, Math.ceil(forMs / 1_000 / MOST_SLICES));
  const startedAt = new Date(clock.now()).toISOString();
  const began = clock.monotonic();
  const elapsed = (): number => clock.monotonic() - began;
  const recorder = new Recorder(clock, sliceMs);
  const watch = new GeneratorWatch(clock);
  const fleet = new FleetWatch(url, clock);
  const sampling = setInterval(() => watch.sample(), SAMPLE_MS);
  const endProgress = showProgress({ recorder, fleet, elapsed, forMs });
  try {
    await run({
      ...{ schedule, recorder, watch, clock, seed: config.seed, maxReaders: config.maxReaders },
      ...{ timeoutMs: config.timeoutMs, from, mayReach, signal: stop.signal },
      reader: { ...config, url, steps },
    });
  } finally {
    endProgress();
    clearInterval(sampling);
    fleet.end();
  }
  const { shape, spacing, speed } = config;
  const how = shape.startsWith('trace:')
    ? `${shape.replace(/^trace:.*\//s, 'trace:')} at ${speed} times its speed`
    : `${shape}, ${spacing}`;
  return makeReport(
    {
      ...{
        url,
        profile: config.profile,
        arrivals: closed > 0 ? what : `${what}, ${how}`,
        model: schedule.model,
        seed: config.seed,
      },
      ...{ started_at: startedAt, interrupted: stop.signal.aborted, elapsedMs: elapsed(), sliceMs },
    },
    recorder,
    { generator: watch.end(), fleet: fleet.samples },
  );
}

/** What a report is held against. Read before the first reader comes. */
interface Held {
  readonly thresholds: readonly Threshold[];
  readonly plan: PlanFile | undefined;
}

/** Prints and writes it. @returns the exit code */
function show(report: Report, { thresholds, plan }: Held, config: LoadConfig): number {
  const judgements = [
    ...thresholds.map((threshold) => judge(threshold, report)),
    ...(plan === undefined ? [] : checkPlan(plan, report).map(asJudgement)),
  ];
  if (config.html !== '') write('--html', config.html, makeHtml(report, judgements));
  if (config.csv !== '') write('--csv', config.csv, makeCsv(report));
  const text = summarize(report, judgements);
  process.stdout.write(
    config.json ? `${JSON.stringify({ ...report, thresholds: judgements }, undefined, 2)}\n` : text,
  );
  if (report.generator.limits.length > 0) return EXIT.generatorLimit;
  return judgements.every(({ ok }) => ok) ? EXIT.ok : EXIT.otherwise;
}

function asJudgement({ what, planned, measured, unit, ok }: CheckedLine): Judgement {
  const spell = (value: number): string =>
    unit === 'ms' ? spellMs(value) : `${Math.round(100 * value) / 100}${unit === '' ? '' : ` ${unit}`}`;
  return { text: `plan: ${what} ${spell(planned)}`, ok, actual: spell(measured) };
}

/** @throws FleetError `bad-config` */
function targetOf(word: string | undefined): string {
  const isTarget = word !== undefined && /^https?:\/\/[^/?#\s]+/.test(word) && URL.canParse(word);
  if (isTarget) return new URL(word).href;
  throw new FleetError(
    'bad-config',
    `url: ${word === undefined ? 'missing' : `invalid value ${JSON.stringify(word)}`}`,
    {
      remedy: 'expected what readers click, such as http://127.0.0.1:9000/',
    },
  );
}

function write(flag: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      'unavailable',
      `${flag}: ${path} cannot be written (${describeError(error)})`,
    );
  }
}
