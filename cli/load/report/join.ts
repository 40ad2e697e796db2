// Adds up the reports of several generators that ran at the same time: histograms and counts are exact, as if one had made all.
import { describeError, FleetError } from '../../../shared/errors.ts';
import { readOperatorFile } from '../../../shared/operator-file.ts';
import { parseJson } from '../../../shared/protocol/wire.ts';
import { Times, type TimesJson, timesFrom, timesJson } from '../measure/histogram.ts';
import { type SliceJson, timesOfSlice } from '../measure/slices.ts';
import { type Report, reportSchema } from './report.ts';

/** Histograms by step and node. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** @throws FleetError `bad-config` that names the file */
export function readReport(path: string): Report {
  try {
    return parseJson(readOperatorFile(path, MAX_FILE_BYTES).toString(), reportSchema, path);
  } catch (error) {
    throw new FleetError('bad-config', `--join: ${path} is no report (${describeError(error)})`, {
      remedy: 'expected what tmpfleet load --json prints',
    });
  }
}

/** @throws FleetError `bad-config` for reports that do not belong together */
export function joinReports(reports: readonly Report[]): Report {
  const [first, ...others] = reports;
  if (first === undefined) throw new FleetError('bad-config', '--join: no file');
  for (const name of ['profile', 'slice_seconds', 'model'] as const) {
    const other = others.find((each) => each[name] !== first[name]);
    if (other === undefined) continue;
    const values = `${JSON.stringify(first[name])} and ${JSON.stringify(other[name])}`;
    throw new FleetError('bad-config', `--join: reports of different runs: ${name} is ${values}`);
  }
  const sum = (value: (report: Report) => number): number =>
    reports.reduce((total, report) => total + value(report), 0);
  const most = (value: (report: Report) => number): number => Math.max(...reports.map(value));
  const started = reports.map((report) => report.started_at).sort()[0] ?? first.started_at;
  const aligned = reports.map((report) => align(report, started));
  const slices = addSlices(aligned.flatMap((report) => report.slices));
  return {
    ...first,
    started_at: started,
    arrivals: [...new Set(reports.map(({ arrivals }) => arrivals))].join('; '),
    generators: sum(({ generators }) => generators),
    interrupted: reports.some(({ interrupted }) => interrupted),
    seconds: most(({ seconds }) => seconds),
    readers: {
      arrived: sum(({ readers }) => readers.arrived),
      served: sum(({ readers }) => readers.served),
      refused: sum(({ readers }) => readers.refused),
      failed: sum(({ readers }) => readers.failed),
      open_max: slices.reduce((highest, { open }) => Math.max(highest, open), 0),
    },
    bytes_received: sum((report) => report.bytes_received),
    steps: addSteps(reports.map(({ steps }) => steps)),
    statuses: addCounts(reports.map(({ statuses }) => statuses)),
    nodes: Object.fromEntries(
      keysOf(reports.map(({ nodes }) => nodes)).map((node) => [
        node,
        addSteps(reports.map(({ nodes }) => nodes[node] ?? {})),
      ]),
    ),
    server_timing: addSteps(reports.map((report) => report.server_timing)),
    errors: addErrors(reports.flatMap(({ errors }) => errors)),
    generator: {
      late_ms: most(({ generator }) => generator.late_ms),
      late_readers: sum(({ generator }) => generator.late_readers),
      started: sum(({ generator }) => generator.started),
      loop_delay_ms: most(({ generator }) => generator.loop_delay_ms),
      cpu: most(({ generator }) => generator.cpu),
      memory_mib: most(({ generator }) => generator.memory_mib),
      skipped: sum(({ generator }) => generator.skipped),
      limits: reports.flatMap(({ generator }, index) =>
        generator.limits.map((limit) => `generator ${index + 1}: ${limit}`),
      ),
    },
    slices: [...slices],
    // All looked at the same fleet.
    fleet: aligned.map(({ fleet }) => fleet).sort((one, other) => other.length - one.length)[0] ?? [],
  };
}

/** Counts seconds from the begin of the earliest run, to whole slices. */
function align(report: Report, started: string): Report {
  const { slice_seconds: length } = report;
  const later = (Date.parse(report.started_at) - Date.parse(started)) / 1_000;
  const shift = Math.round(later / length) * length;
  const move = <T extends { readonly second: number }>(each: T): T => ({
    ...each,
    second: each.second + shift,
  });
  return { ...report, slices: report.slices.map(move), fleet: report.fleet.map(move) };
}

function addSlices(all: readonly SliceJson[]): readonly SliceJson[] {
  const bySecond = new Map<number, SliceJson[]>();
  for (const slice of all) bySecond.set(slice.second, [...(bySecond.get(slice.second) ?? []), slice]);
  return [...bySecond]
    .sort(([one], [other]) => one - other)
    .map(([second, slices]) => {
      const sum = (name: 'arrived' | 'served' | 'refused' | 'failed' | 'errors' | 'open'): number =>
        slices.reduce((total, slice) => total + slice[name], 0);
      const steps = keysOf(slices.map((slice) => slice.steps)).map((step) => {
        const times = add(slices.flatMap((slice) => slice.steps[step] ?? []));
        return [step, timesOfSlice(times)] as const;
      });
      return {
        second,
        ...{ arrived: sum('arrived'), served: sum('served'), refused: sum('refused'), failed: sum('failed') },
        ...{ errors: sum('errors'), open: sum('open'), steps: Object.fromEntries(steps) },
      };
    });
}

function addSteps(all: readonly Report['steps'][]): Report['steps'] {
  return Object.fromEntries(
    keysOf(all).map((step) => [step, timesJson(add(all.flatMap((steps) => steps[step] ?? [])))]),
  );
}

function add(written: readonly Pick<TimesJson, 'histogram' | 'max_ms'>[]): Times {
  const times = new Times();
  for (const each of written) times.add(timesFrom(each));
  return times;
}

function addCounts(all: readonly Report['statuses'][]): Report['statuses'] {
  const added: Record<string, Record<string, number>> = {};
  for (const statuses of all) {
    for (const [step, counts] of Object.entries(statuses)) {
      const into = added[step] ?? {};
      added[step] = into;
      for (const [status, number] of Object.entries(counts)) into[status] = (into[status] ?? 0) + number;
    }
  }
  return added;
}

function addErrors(all: Report['errors']): Report['errors'] {
  const byKind = new Map<string, Report['errors'][number]>();
  for (const error of all) {
    const key = JSON.stringify([error.outcome, error.kind, error.step, error.node]);
    const known = byKind.get(key);
    byKind.set(key, {
      ...(known ?? error),
      count: (known?.count ?? 0) + error.count,
      first_second: Math.min(known?.first_second ?? error.first_second, error.first_second),
      last_second: Math.max(known?.last_second ?? 0, error.last_second),
    });
  }
  return [...byKind.values()].sort((one, other) => other.count - one.count);
}

function keysOf(all: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  return [...new Set(all.flatMap((each) => Object.keys(each)))];
}
