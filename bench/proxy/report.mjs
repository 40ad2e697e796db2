// Turns samples into medians, ratios and a table.
import { median, rounded } from '../common/numbers.mjs';
import { REFERENCE } from './targets.mjs';

/** `{row: {target: {perSecond, lowest, highest, ratio, cpuMicroseconds, cpuRatio}}}`; ratios are medians of each round's own. */
export function summarize(rows, targets, samples) {
  const of = (row, target) => samples.filter((sample) => sample.row === row && sample.target === target);
  return Object.fromEntries(
    rows.map(({ name }) => [
      name,
      Object.fromEntries(
        targets.map((target) => [target.name, summarizeOne(of(name, target.name), of(name, REFERENCE))]),
      ),
    ]),
  );
}

function summarizeOne(own, reference) {
  const rates = own.map(({ perSecond }) => perSecond);
  const pairs = own.map((sample) => [sample, reference.find(({ round }) => round === sample.round)]);
  return {
    perSecond: Math.round(median(rates)),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    ratio: rounded(median(pairs.map(([mine, other]) => mine.perSecond / other.perSecond)), 2),
    cpuMicroseconds: rounded(median(own.map(({ cpu }) => cpu)), 1),
    leastCpuMicroseconds: rounded(Math.min(...own.map(({ cpu }) => cpu)), 1),
    cpuRatio: rounded(median(pairs.map(([mine, other]) => mine.cpu / other.cpu)), 2),
  };
}

export function print(report) {
  console.log(tableOf(report));
}

/** As Markdown. */
export function tableOf({ node, machine, pinned, rounds, seconds, skipped, rows }) {
  const lines = [
    `Node ${node}, ${machine}, ${pinned ? 'each proxy alone on one core' : 'not pinned'}, ${rounds} rounds of ${seconds} s`,
    ...skipped.map(({ name, why }) => `skipped: ${name} (${why})`),
    '',
    '| | proxy | a second | lowest–highest | × relay | CPU µs (least) | × relay |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  for (const [row, targets] of Object.entries(rows)) {
    for (const [name, one] of Object.entries(targets)) {
      const range = `${one.lowest}–${one.highest}`;
      const cpu = `${one.cpuMicroseconds} (${one.leastCpuMicroseconds})`;
      lines.push(`| ${[row, name, one.perSecond, range, one.ratio, cpu, one.cpuRatio].join(' | ')} |`);
    }
  }
  return lines.join('\n');
}
