// What a fleet's readers live through, by simulations of it.
import type { Booking } from '../../node-agent/sizing/bookings.ts';
import { type Random, seededRandom } from '../../shared/clock.ts';
import type { Expected } from '../load/check/plan-file.ts';
import type { Distribution } from '../load/schedule/distribution.ts';
import type { Schedule } from '../load/schedule/schedule.ts';
import { createOurFront } from './simulator/front.ts';
import { createPlanModel } from './simulator/plan-model.ts';
import type { Counts } from './simulator/scenario.ts';
import { simulate } from './simulator/simulate.ts';
import { Judge, percentile, type Targets } from './targets.ts';

/** A fleet of equal hosts. */
export interface FleetConfig {
  readonly hosts: number;
  /** Of each host; the following, too. */
  readonly capacity: number;
  /** Infinity for all slots. */
  readonly warm: number;
  readonly starts: number;
  readonly book: readonly Booking[];
}

export interface Image {
  readonly memoryBytes: number;
  /** Time of a start that has the host for itself. */
  readonly startMs: number;
  /** Processor time of a start. */
  readonly startCpuMs: number;
  /** Until the slot of a sandbox that has ended is free. */
  readonly removeMs: number;
  /** Cores that a reader's sandbox uses on average. */
  readonly readerCores: number;
}

/** All that is given. Times in ms. */
export interface Circumstances {
  /** The arrivals of a seed. @param readers instead of those asked for */
  readonly schedule: (seed: number, readers?: number) => Schedule;
  readonly seed: number;
  /** When the first reader may arrive, since 1970. */
  readonly startsAt: number;
  readonly stay: Distribution;
  readonly idleMs: number;
  readonly maxAgeMs: number;
  readonly patienceMs: number;
  readonly claimWaitMs: number;
  /** From a request of a reader to the answer. */
  readonly latencyMs: number;
  readonly pollMs: number;
  /** A node looks as often for sandboxes to end. */
  readonly cullMs: number;
  readonly image: Image;
  readonly cores: number;
}

const SETTLE_MS = 120_000;
const LONGEST_SETTLE_MS = 7_200_000;
/** Polls that tell nothing new and are left out, which makes a simulation several times as fast. */
const QUIET_POLLS = 30;
/** Readers between two looks at the clock. */
const LOOK_EVERY = 256;

export interface ExpectOptions {
  readonly runs: number;
  readonly readers?: number | undefined;
  readonly targets: Targets;
  /** Whether a simulation ends once it is clear that the targets are missed. */
  readonly endsEarly: boolean;
  /** Whether the time for simulations is over. */
  readonly isLate: () => boolean;
}

export interface Outcome {
  readonly expected: Expected;
  readonly isKept: boolean;
}

/** `late`: there was no time for it. `missed`: the targets are missed for sure, which ended it. */
export function expectOf(
  fleet: FleetConfig,
  given: Circumstances,
  { targets, runs, readers, endsEarly, isLate }: ExpectOptions,
): Outcome | 'late' | 'missed' {
  const all: Counts[] = [];
  for (let run = 0; run < runs; run += 1) {
    const schedule = given.schedule(given.seed + run, readers);
    const judge = new Judge(targets, schedule.arrivals.length, given.latencyMs);
    let end: 'late' | 'missed' | undefined;
    let looked = 0;
    const isDecided = (counts: Counts): boolean => {
      looked += 1;
      if (looked % LOOK_EVERY === 0 && isLate()) end = 'late';
      if (endsEarly && judge.isMissed(counts)) end = 'missed';
      return end !== undefined;
    };
    all.push(simulateOnce(fleet, given, { schedule, run, isDecided }));
    if (end !== undefined) return end;
  }
  return summarize(all, given.latencyMs, targets);
}

function summarize(all: readonly Counts[], latencyMs: number, targets: Targets): Outcome {
  const mean = (of: (counts: Counts) => number): number =>
    all.reduce((sum, counts) => sum + of(counts), 0) / all.length;
  const waits = Float64Array.from(all.flatMap((counts) => counts.waits)).sort();
  const waitAt = (part: number): number => Math.round(latencyMs + percentile(waits, part));
  const readers = mean((counts) => counts.readers);
  const refused = mean((counts) => counts.turnedAway);
  const share = readers === 0 ? 0 : refused / readers;
  return {
    expected: {
      ...{ readers: rounded(readers), refused: rounded(refused), refused_share: share },
      in_line: rounded(mean((counts) => counts.inLine)),
      cold: rounded(mean((counts) => counts.coldServed)),
      wait_ms: { p50: waitAt(0.5), p90: waitAt(0.9), p99: waitAt(0.99), max: waitAt(1) },
      held_max: rounded(mean((counts) => counts.heldMax)),
    },
    isKept:
      share <= targets.refused && targets.waits.every(({ part, lessThanMs }) => waitAt(part) < lessThanMs),
  };
}

function rounded(number: number): number {
  return Math.round(10 * number) / 10;
}

function simulateOnce(
  { hosts, capacity, warm, starts, book }: FleetConfig,
  given: Circumstances,
  { schedule, run, isDecided }: { schedule: Schedule; run: number; isDecided: (counts: Counts) => boolean },
): Counts {
  const { image, cores, startsAt, patienceMs, claimWaitMs, latencyMs, pollMs, cullMs } = given;
  const most = Math.max(0, ...book.map(({ count }) => count));
  // What is booked is started in time, by a node that starts two at a time as long as it does not know more.
  const settleMs = SETTLE_MS + Math.min(LONGEST_SETTLE_MS, (most * image.startMs) / 2);
  return simulate(
    {
      nodes: Array.from({ length: hosts }, () => ({ capacity, warm: Math.min(warm, capacity) })),
      ...{ redirectors: 1, pollMs, start: startsAt - settleMs, settleMs, isDecided },
      quietPollMs: QUIET_POLLS * pollMs,
      ...{ lastMs: schedule.forMs, endMs: patienceMs + 2 * claimWaitMs },
      ...{ leastHandOffMs: latencyMs, handOffMs: latencyMs / 4 },
      createModel: createPlanModel({
        ...{ arrivals: schedule.arrivals, patienceMs, claimWaitMs, removeMs: image.removeMs, cullMs },
        stayMs: (random) => heldMs(given, random),
        sizing: { warm, concurrentStarts: starts, book },
        processor: { cores, ...image },
      }),
    },
    createOurFront,
    // Another series than the arrivals': they would be correlated.
    seededRandom((given.seed + run) ^ 0x5eed),
  );
}

/** A reader leaves, and the node may end the sandbox when it was not used for a while. */
export function heldMs({ stay, idleMs, maxAgeMs }: Circumstances, random: Random): number {
  const unusedMs = idleMs === 0 ? Number.POSITIVE_INFINITY : stay.draw(random) + idleMs;
  return Math.min(unusedMs, maxAgeMs === 0 ? Number.POSITIVE_INFINITY : maxAgeMs);
}
