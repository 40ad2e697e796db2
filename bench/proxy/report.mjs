// Turns samples into medians, ratios and a table.
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
    ratio: round2(median(pairs.map(([mine, other]) => mine.perSecond / other.perSecond))),
    cpuMicroseconds: round1(median(own.map(({ cpu }) => cpu))),
    leastCpuMicroseconds: round1(Math.min(...own.map(({ cpu }) => cpu))),
    cpuRatio: round2(median(pairs.map(([mine, other]) => mine.cpu / other.cpu))),
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

function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function round1(value) {
  return Math.round(value * 10) / 10;
}

function round2(value) {
  return Math.round(value * 100) / 100;
}
