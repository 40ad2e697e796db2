// `tmpfleet record`: makes one trace of what fronts and nodes have recorded (--arrivals-log), and says what is in it.
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describeError, FleetError } from '../../shared/errors.ts';
import { countedOnce, parseLines, type RecordedArrival, readTraceFile } from '../load/schedule/trace.ts';
import { CommandError, EXIT, reportFailure } from '../terminal/exit.ts';
import { describeTrace, summarizeTrace } from './summary.ts';

interface RecordFlags {
  readonly out?: string;
  readonly since?: string;
  readonly until?: string;
  readonly json?: boolean;
}

/** In the order of the log. */
const FIELDS = ['at', 'program', 'path', 'node', 'outcome', 'ms'] as const;

export function addRecordCommand(command: Command): void {
  command
    .argument('<file...>', 'logs of arrivals; rotated ones of one program, or those of several fronts')
    .option('--out <file>', 'write the trace there (default: standard output)')
    .option('--since <time>', 'leave out who came before: 2026-01-31T18:00:00Z')
    .option('--until <time>', 'leave out who came at that time or later')
    .option('--json', 'print what is in the trace as JSON; needs --out')
    .addHelpText(
      'after',
      `
A front, or a node without a front, records with --arrivals-log FILE: a line for each click and each POST /api/spawn, with
its second, its kind, the node, the outcome and the time it took; no address, no id, no query. The option is read again by
tmpfleet reload front, so that a recording can be begun and ended while readers come: set it in the file of --config.

Lines of several files are put in order. Where lines of fronts are among them, those of nodes are left out: everybody came
by a front.

  tmpfleet record front-1.jsonl front-2.jsonl --since 2026-01-31T18:00:00Z --out article.jsonl
  tmpfleet load https://try.example.org/ --shape trace:article.jsonl --speed 10 --yes
  tmpfleet load https://try.example.org/ --shape trace:article.jsonl --speed 10 --profile spawn-api --yes   # its programs`,
    )
    .action((files: readonly string[], flags: RecordFlags) => {
      try {
        record(files, flags);
      } catch (error) {
        process.exitCode = reportFailure(error);
      }
    });
}

function record(files: readonly string[], { out, since, until, json = false }: RecordFlags): void {
  if (json && out === undefined) {
    throw new FleetError('bad-config', '--json: the trace itself goes to standard output', {
      remedy: 'give --out FILE as well',
    });
  }
  const from = since === undefined ? Number.NEGATIVE_INFINITY : timeOf('--since', since);
  const to = until === undefined ? Number.POSITIVE_INFINITY : timeOf('--until', until);
  const all = files.flatMap((path) => [...parseLines(readTraceFile(path, 'file'), path)]);
  const once = countedOnce(all);
  const arrivals = once
    .map((arrival) => ({ arrival, at: Date.parse(arrival.at) }))
    .filter(({ at }) => at >= from && at < to)
    .sort((one, other) => one.at - other.at)
    .map(({ arrival }) => arrival);
  if (arrivals.length === 0) {
    throw new FleetError(
      'bad-config',
      `${files.join(', ')}: no arrivals${once.length > 0 ? ' in that time' : ''}`,
      {
        remedy:
          once.length > 0
            ? `the files are about ${once[0]?.at} to ${once.at(-1)?.at}`
            : 'was --arrivals-log set while readers came?',
      },
    );
  }
  const trace = arrivals.map((arrival) => `${lineOf(arrival)}\n`).join('');
  const summary = { ...summarizeTrace(arrivals), left_out: all.length - arrivals.length };
  if (out === undefined) {
    process.stdout.write(trace);
    process.stderr.write(describeTrace(summary));
    return;
  }
  try {
    writeFileSync(out, trace, { mode: 0o600 });
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      'unavailable',
      `--out: ${out} cannot be written (${describeError(error)})`,
    );
  }
  process.stdout.write(json ? `${JSON.stringify(summary, undefined, 2)}\n` : describeTrace(summary));
}

function lineOf(arrival: RecordedArrival): string {
  return JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, arrival[name]])));
}

/** @throws FleetError `bad-config` */
function timeOf(flag: string, text: string): number {
  const at = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new FleetError('bad-config', `${flag}: invalid value ${JSON.stringify(text)}`, {
    remedy: 'expected a day or a time with its zone, such as 2026-01-31 or 2026-01-31T18:00:00Z',
  });
}
