// What came of the day: the figures that are kept, and the table of them.
import { metricOf } from './day.mjs';

/** In the order of a reader's way. */
const STEPS = [
  ...['redirect', 'line', 'claim', 'preparing', 'landed', 'page', 'static', 'session', 'websocket', 'kernel'],
  ...['output', 'first_output', 'cell', 'reconnect', 'leave'],
];
/** Points of the plots, at most. */
const MOST_POINTS = 150;
/** A plan says nothing of these. */
const UNPLANNED = new Set(['nodes', 'slots']);

/**
 * @param planned what `tmpfleet plan --save` wrote @param report what `tmpfleet load --json` printed
 * @param front the front's metrics at the end @param processor seconds of each process, before the first reader and after the last
 */
export function condense({ day, planned, report, course, front, processor }) {
  const { readers, steps, errors, generator, slices, seconds, slice_seconds: sliceSeconds } = report;
  const { states, events, killed } = course;
  const used = (name) => (processor.after[name] ?? 0) - (processor.before[name] ?? 0);
  return {
    day,
    seconds: Math.round(seconds),
    readers,
    refused_while_free: refusedWhileFree(slices, sliceSeconds, states),
    slo: {
      asked_while_free: metricOf(front, 'tmpfleet_slo_readers_total') ?? 0,
      sent_in_time: metricOf(front, 'tmpfleet_slo_good_readers_total') ?? 0,
    },
    line: lineOf(states, steps),
    steps: Object.fromEntries(
      STEPS.filter((step) => steps[step] !== undefined).map((step) => {
        const { count, p50_ms, p90_ms, p99_ms, max_ms } = steps[step];
        return [step, { count, p50_ms, p90_ms, p99_ms, max_ms }];
      }),
    ),
    errors: errors.map((error) => ({ ...error, at_kill: isOfKill(error, killed) })),
    plan: { question: planned.question, expected: planned.plan.expected, what_if: planned.what_if },
    check: report.thresholds.filter(({ text }) => !UNPLANNED.has(/^plan: (\w+)/.exec(text)?.[1])),
    generator,
    processor: {
      start_ms: round(processor.startCpuMs),
      front: round(used('front')),
      nodes: round(
        Object.keys(processor.after).reduce((sum, name) => sum + (name === 'front' ? 0 : used(name)), 0),
      ),
      generator: round(generator.cpu * seconds),
    },
    events,
    states: states.filter((_, index) => index % Math.ceil(states.length / MOST_POINTS) === 0),
    slices: inGroups(slices, Math.ceil(slices.length / MOST_POINTS)).map((group) =>
      sumOf(group, sliceSeconds),
    ),
  };
}

/** Longest time after the killed agent is back in which a page may still try to open its WebSocket again. s */
const AFTER_KILL = 130;

/** Whether all errors of a kind were at the node whose agent was killed, from then on until its readers could be at work again. */
function isOfKill({ node, first_second: first, last_second: last }, killed) {
  return node === killed?.node && first >= killed.second - 1 && last <= killed.back + AFTER_KILL;
}

/** A number of slices as one: the median of their p50, the highest of their p99. */
function sumOf(group, sliceSeconds) {
  const sum = (name) => group.reduce((total, slice) => total + slice[name], 0);
  const of = (name) =>
    group.flatMap(({ steps }) => steps.first_output?.[name] ?? []).sort((one, other) => one - other);
  const [halves, tails] = [of('p50_ms'), of('p99_ms')];
  return {
    ...{ second: group[0].second, seconds: group.length * sliceSeconds },
    ...{ arrived: sum('arrived'), served: sum('served'), refused: sum('refused'), errors: sum('errors') },
    ...{ p50_ms: halves[Math.floor(halves.length / 2)] ?? null, p99_ms: tails.at(-1) ?? null },
  };
}

function inGroups(all, size) {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}

/** Refused readers of those seconds in which the front knew of a sandbox that was ready. */
function refusedWhileFree(slices, sliceSeconds, states) {
  return slices
    .filter(({ refused }) => refused > 0)
    .filter(({ second }) =>
      states.some((state) => state.warm > 0 && Math.abs(state.second - second) <= sliceSeconds + 1),
    )
    .reduce((sum, { refused }) => sum + refused, 0);
}

function lineOf(states, steps) {
  const busy = states.filter(({ in_line: inLine }) => inLine > 0);
  const mean = (of) => (busy.length === 0 ? 0 : busy.reduce((sum, each) => sum + of(each), 0) / busy.length);
  return {
    readers: steps.line?.count ?? 0,
    longest: Math.max(0, ...states.map(({ in_line: inLine }) => inLine)),
    seconds: busy.length,
    // While somebody waits, a sandbox is ready for as long as it takes the first in line to hear of it.
    warm_meanwhile: round(100 * mean(({ warm, capacity }) => warm / Math.max(1, capacity))) / 100,
  };
}

export function print({ day, seconds, readers, refused_while_free: wronged, line, steps, errors, ...rest }) {
  const { check, generator, processor, events, slo } = rest;
  const { nodes, first, capacity, over } = day;
  console.log(
    `${day.readers} readers within ${over} (nature-day), ${first * capacity} slots at first, ${nodes * capacity} at most`,
  );
  for (const { second, hour, what } of events)
    console.log(`  ${String(second).padStart(6)} s  ${clock(hour)}  ${what}`);
  console.log(
    `over after ${seconds} s: served ${readers.served}, refused ${readers.refused} (${wronged} while a slot was free), failed ${readers.failed}, ${readers.open_max} at a time`,
  );
  console.log(
    `in line ${line.readers}, ${line.longest} at a time; ${slo.sent_in_time} of ${slo.asked_while_free} who asked while a slot was free were sent at once`,
  );
  console.table(
    Object.fromEntries(
      Object.entries(steps).map(([step, { count, ...times }]) => [
        step,
        {
          count,
          ...Object.fromEntries(
            Object.entries(times).map(([name, ms]) => [name.replace('_ms', ''), spell(ms)]),
          ),
        },
      ]),
    ),
  );
  console.table(
    check.map(({ text, actual, ok }) => ({ planned: text.replace(/^plan: /, ''), measured: actual, ok })),
  );
  for (const {
    count,
    kind,
    step,
    node,
    example,
    at_kill: atKill,
    first_second: from,
    last_second: to,
  } of errors) {
    const where = node === '' ? '' : ` at ${node}${atKill ? ', whose agent was killed' : ''}`;
    console.log(`  ${count} × ${kind} in ${step}${where}, ${from} to ${to} s: ${example}`);
  }
  console.log(
    `processor: ${processor.start_ms} ms for a start; ${processor.generator} s the readers, ${processor.front} s the front, ${processor.nodes} s the nodes and their sandboxes`,
  );
  if (generator.limits.length > 0) console.log('the generator was the limit:', generator.limits.join('; '));
}

/** `18:05` */
export function clock(hour) {
  const minutes = Math.round(60 * hour);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** `42 ms`, `1.25 s` */
export function spell(ms) {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

function round(number) {
  return Math.round(10 * number) / 10;
}
