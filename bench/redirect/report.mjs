// Turns samples into medians, ratios and a table.
import { median, rounded } from '../common/numbers.mjs';

/** The target that all others are divided by. */
const REFERENCE = 'raw';

/** `{mode: {target: {perSecond, lowest, highest, cpu, ratio, ratioLowest, ratioHighest, cpuRatio}}}` */
export function summarize(modes, targets, samples) {
  const of = (mode, target) => samples.filter((sample) => sample.mode === mode && sample.target === target);
  return Object.fromEntries(
    modes.map((mode) => [
      mode,
      Object.fromEntries(
        targets.map(({ name }) => [name, summarizeOne(of(mode, name), of(mode, REFERENCE))]),
      ),
    ]),
  );
}

function summarizeOne(samples, reference) {
  const rates = samples.map(({ perSecond }) => perSecond);
  const ratios = pairs(samples, reference).map(([own, other]) => own.perSecond / other.perSecond);
  const cpuRatios = pairs(samples, reference).map(([own, other]) => other.cpu / own.cpu);
  return {
    perSecond: Math.round(median(rates)),
    lowest: Math.round(Math.min(...rates)),
    highest: Math.round(Math.max(...rates)),
    cpu: rounded(median(samples.map(({ cpu }) => cpu)), 2),
    ...spread('ratio', ratios),
    ...spread('cpuRatio', cpuRatios),
  };
}

function pairs(samples, reference) {
  return samples.flatMap((own) => {
    const other = reference.find(({ round }) => round === own.round);
    return other === undefined ? [] : [[own, other]];
  });
}

function spread(name, ratios) {
  if (ratios.length === 0) return {};
  return {
    [name]: rounded(median(ratios), 2),
    [`${name}Lowest`]: rounded(Math.min(...ratios), 2),
    [`${name}Highest`]: rounded(Math.max(...ratios), 2),
  };
}

export function print(report) {
  const { node, machine, load, pinned, headers, connections, rounds, seconds } = report;
  console.log(`${report.what}: node ${node}, ${machine}, ${load}, ${headers} headers`);
  console.log(
    `${connections} connections, ${rounds} rounds of ${seconds} s, ${pinned ? 'pinned' : 'not pinned'}`,
  );
  for (const [mode, targets] of Object.entries(report.modes)) {
    console.log(
      `\n  ${mode.padEnd(34)}     a second   lowest … highest   × raw (range)         CPU µs   × raw`,
    );
    for (const [name, one] of Object.entries(targets)) {
      const range = `${String(one.lowest).padStart(8)} … ${String(one.highest).padEnd(7)}`;
      const ratio = `${one.ratio ?? '–'} (${one.ratioLowest ?? ''}–${one.ratioHighest ?? ''})`.padEnd(20);
      const cpu = `${String(one.cpu).padStart(7)}   ${one.cpuRatio ?? '–'}`;
      console.log(`  ${name.padEnd(34)} ${String(one.perSecond).padStart(12)} ${range}   ${ratio} ${cpu}`);
    }
  }
}
