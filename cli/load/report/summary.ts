// The report for people: a few lines, a table of the steps, what went wrong, and whether the figures can be believed.
import { spellCount, spellDuration } from '../../../shared/config/units.ts';
import { printable, tableLines } from '../../terminal/text.ts';
import type { Report } from './report.ts';
import type { Judgement } from './thresholds.ts';

const MOST_NODES = 20;
const MOST_ERRORS = 12;

export function summarize(report: Report, judgements: readonly Judgement[]): string {
  const parts = [
    head(report),
    table(
      ['STEP', 'COUNT', 'P50', 'P90', 'P99', 'P99.9', 'MAX'],
      Object.entries(report.steps).map(([step, times]) => [
        step,
        String(times.count),
        ...[times.p50_ms, times.p90_ms, times.p99_ms, times.p999_ms, times.max_ms].map(spellMs),
      ]),
    ),
    nodes(report),
    serverTimes(report),
    errors(report),
    judgements.map(({ text, ok, actual }) => `${ok ? 'kept  ' : 'MISSED'}  ${text}  (${actual})`).join('\n'),
    generator(report),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function head({ readers, arrivals, seconds, url, profile, model, interrupted, generators }: Report): string {
  const { arrived, served, refused, failed, open_max: most } = readers;
  const share = (count: number): string =>
    arrived === 0 ? '' : ` (${((100 * count) / arrived).toFixed(1)} %)`;
  return [
    `${url}  ${profile}, ${arrivals}, ${model} model${generators > 1 ? `, ${generators} generators` : ''}`,
    `${spellCount(arrived, 'reader')} in ${spellDuration(1_000 * seconds)}, ${most} at a time at most${interrupted ? '; interrupted' : ''}`,
    `served ${served}${share(served)}   refused ${refused}${share(refused)}   failed ${failed}${share(failed)}`,
  ].join('\n');
}

function nodes({ nodes: all }: Report): string {
  const rows = Object.entries(all)
    .map(([node, steps]) => {
      const { claim, spawn, first_output: output } = steps;
      const count = (claim ?? spawn ?? output)?.count ?? 0;
      const times = [claim?.p50_ms, claim?.p99_ms, output?.p50_ms, output?.p99_ms];
      return {
        count,
        cells: [node, String(count), ...times.map((ms) => (ms === undefined ? '-' : spellMs(ms)))],
      };
    })
    .sort((one, other) => other.count - one.count);
  if (rows.length < 2) return '';
  const shown = table(
    ['NODE', 'COUNT', 'CLAIM P50', 'P99', 'FIRST OUTPUT P50', 'P99'],
    rows.slice(0, MOST_NODES).map(({ cells }) => cells),
  );
  return rows.length > MOST_NODES ? `${shown}\n… and ${rows.length - MOST_NODES} more` : shown;
}

function serverTimes({ server_timing: timing }: Report): string {
  const parts = Object.entries(timing).map(
    ([name, times]) => `${printable(name)} p50 ${spellMs(times.p50_ms)}, p99 ${spellMs(times.p99_ms)}`,
  );
  return parts.length === 0 ? '' : `of which the servers say that they took: ${parts.join('; ')}`;
}

function errors({ errors: all }: Report): string {
  const lines = all.slice(0, MOST_ERRORS).map(({ outcome, kind, step, node, count, example }) => {
    const where = [step, node].filter((part) => part !== '').join(' at ');
    return `${String(count).padStart(6)} × ${outcome}: ${printable(`${kind} in ${where}: ${example}`)}`;
  });
  const more = all.length - lines.length;
  return [...lines, ...(more > 0 ? [`        … and ${more} more kinds`] : [])].join('\n');
}

function generator({
  generator: { limits, late_ms: late, loop_delay_ms: delay, cpu, memory_mib: memory },
}: Report) {
  const figures = `generator: ${late} ms late (p99), loop delay ${delay} ms (p99), ${cpu} cores, ${memory} MiB`;
  if (limits.length === 0) return figures;
  const why = limits.map((limit) => `  ${limit}`).join('\n');
  return `${figures}
THE GENERATOR WAS THE LIMIT, so these figures say nothing about the fleet:
${why}
Use fewer readers, --page none, a faster machine, or several generators, whose reports --join adds up.`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const columns = heads.map((head, place) => ({
    head,
    cell: (row: readonly string[]) => row[place] ?? '',
    ...(place === 0 ? {} : { side: 'right' as const }),
  }));
  return tableLines(columns, rows).join('\n');
}

/** `0.42 ms`, `18 ms`, `2.31 s` */
export function spellMs(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}
