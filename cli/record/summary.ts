// What is in a trace: who came, when, what became of them, and how long that took.
import { isProgram, type RecordedArrival } from '../load/schedule/trace.ts';

export interface TraceSummary {
  readonly readers: number;
  readonly programs: number;
  /** Seconds of the first and the last arrival. */
  readonly first: string;
  readonly last: string;
  readonly seconds: number;
  /** Most arrivals of one second, and of one minute by the clock. */
  readonly peak_second: number;
  readonly peak_minute: number;
  readonly outcomes: readonly OutcomeSummary[];
}

/** Times to the answer, ms; null where none was recorded. */
export interface OutcomeSummary {
  readonly outcome: string;
  readonly count: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** @param arrivals in order, at least one */
export function summarizeTrace(arrivals: readonly RecordedArrival[]): TraceSummary {
  const times = arrivals.map(({ at }) => Date.parse(at));
  const [first = 0] = times;
  const last = times.at(-1) ?? first;
  const programs = arrivals.filter(isProgram).length;
  const byOutcome = group(arrivals);
  return {
    ...{ readers: arrivals.length - programs, programs },
    ...{ first: new Date(first).toISOString(), last: new Date(last).toISOString() },
    seconds: (last - first) / SECOND_MS + 1,
    ...{ peak_second: peak(times, SECOND_MS), peak_minute: peak(times, MINUTE_MS) },
    outcomes: [...byOutcome]
      .map(([outcome, of]) => {
        const ms = of.flatMap(({ ms: took }) => took ?? []).sort((one, other) => one - other);
        return { outcome, count: of.length, p50_ms: percentile(ms, 0.5), p99_ms: percentile(ms, 0.99) };
      })
      .sort((one, other) => other.count - one.count),
  };
}

export function describeTrace(summary: TraceSummary & { readonly left_out: number }): string {
  const { readers, programs, first, last, seconds, outcomes, left_out: leftOut } = summary;
  const lines = [
    `${spell(readers, 'reader')} and ${spell(programs, 'program')} from ${short(first)} to ${short(last)} (${seconds} s)`,
    `at most ${summary.peak_second} within a second, ${summary.peak_minute} within a minute`,
    ...outcomes.map(
      ({ outcome, count, p50_ms: p50, p99_ms: p99 }) =>
        `  ${outcome.padEnd(18)} ${String(count).padStart(8)}${p50 === null ? '' : `   answered after ${p50} ms (p99 ${p99} ms)`}`,
    ),
    ...(leftOut > 0
      ? [`left out: ${spell(leftOut, 'further line')}, of nodes behind a front, or of another time`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function group(arrivals: readonly RecordedArrival[]): Map<string, RecordedArrival[]> {
  const groups = new Map<string, RecordedArrival[]>();
  for (const arrival of arrivals) {
    const outcome = arrival.outcome ?? 'unknown';
    const of = groups.get(outcome) ?? [];
    of.push(arrival);
    groups.set(outcome, of);
  }
  return groups;
}

/** @param times in order */
function peak(times: readonly number[], spanMs: number): number {
  const counts = new Map<number, number>();
  for (const at of times) {
    const span = Math.floor(at / spanMs);
    counts.set(span, (counts.get(span) ?? 0) + 1);
  }
  let most = 0;
  for (const count of counts.values()) most = Math.max(most, count);
  return most;
}

function percentile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function spell(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function short(time: string): string {
  return time.replace('.000Z', 'Z');
}
