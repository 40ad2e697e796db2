// The schedule of a run, from what was asked for: how many readers, when each is due, and how long the run takes.
import type { Random } from '../../../shared/clock.ts';
import { FleetError } from '../../../shared/errors.ts';
import { drawArrivals, meanOf, type Spacing } from './arrivals.ts';
import { type Curve, SHAPES, type ShapeName } from './shapes.ts';
import { parseTrace, readTraceFile } from './trace.ts';

export interface ScheduleOptions {
  /** The name of a shape, or `trace:FILE`. */
  readonly shape: string;
  /** Readers per second, where the shape is highest; 0: follows from the others. */
  readonly rate: number;
  /** 0: follows from the others. */
  readonly readers: number;
  /** 0: follows from the others. */
  readonly forMs: number;
  /** Readers of a closed model, who each come again when they have left; 0: an open model. */
  readonly closed: number;
  readonly spacing: Spacing;
  /** Of a trace. */
  readonly speed: number;
  /** As `--profile`: of a trace, `spawn-api` replays the programs, and every other one the readers. */
  readonly profile?: string;
}

export interface Schedule {
  readonly model: 'open' | 'closed';
  /** ms since the begin of the run, in order; of a closed model empty */
  readonly arrivals: Float64Array;
  /** At the same time; of an open model 0. */
  readonly closed: number;
  /** ms, without the time in which the last readers finish */
  readonly forMs: number;
  /** Readers per second where the shape is highest; of a closed model, which knows none, 0. */
  readonly peakRate: number;
}

const DEFAULT_FOR_MS = 30_000;
const DEFAULT_RATE = 1;
const MAX_READERS = 5_000_000;
const TRACE = 'trace:';

export function isShape(text: string): boolean {
  return Object.hasOwn(SHAPES, text) || (text.startsWith(TRACE) && text.length > TRACE.length);
}

/** @throws FleetError `bad-config` when the options contradict each other, or a trace cannot be read */
export function makeSchedule(options: ScheduleOptions, random: Random): Schedule {
  const { shape, closed } = options;
  if (closed > 0) return closedSchedule(options);
  return shape.startsWith(TRACE) ? traceSchedule(options, random) : openSchedule(options, random);
}

function closedSchedule({ shape, rate, readers, forMs, closed }: ScheduleOptions): Schedule {
  if (shape !== 'constant' || rate > 0 || readers > 0) {
    throw new FleetError('bad-config', '--closed: has neither a shape nor a rate nor a number of readers', {
      remedy: 'leave out --shape, --rate and --readers, or --closed',
    });
  }
  const arrivals = new Float64Array(0);
  return { model: 'closed', arrivals, closed, forMs: forMs === 0 ? DEFAULT_FOR_MS : forMs, peakRate: 0 };
}

function traceSchedule(
  { shape, rate, readers, forMs, speed, profile }: ScheduleOptions,
  random: Random,
): Schedule {
  if (rate > 0 || readers > 0 || forMs > 0) {
    throw new FleetError('bad-config', '--shape: a trace says by itself how many readers come, and when', {
      remedy: 'leave out --rate, --readers and --for; --speed 10 replays it ten times as fast',
    });
  }
  const path = shape.slice(TRACE.length);
  const replayed = profile === 'spawn-api' ? 'programs' : 'readers';
  const trace = parseTrace(readTraceFile(path, '--shape'), { path, speed, replayed }, random);
  return { model: 'open', closed: 0, ...trace, peakRate: peakOf(trace.arrivals) };
}

function openSchedule(options: ScheduleOptions, random: Random): Schedule {
  const { shape, spacing } = options;
  const curve: Curve = SHAPES[shape as ShapeName];
  const mean = meanOf(curve);
  const { readers, forMs } = complete(options, mean);
  if (readers < 1 || readers > MAX_READERS) {
    throw new FleetError(
      'bad-config',
      `the run would have ${readers} readers; expected 1 to ${MAX_READERS}`,
      {
        remedy: 'change --rate, --readers or --for',
      },
    );
  }
  const arrivals = drawArrivals({ curve, readers, forMs, spacing }, random);
  return { model: 'open', arrivals, closed: 0, forMs, peakRate: (readers * 1_000) / (forMs * mean) };
}

/** Two of rate, readers and time decide the third. */
function complete(
  { rate, readers, forMs: given }: ScheduleOptions,
  mean: number,
): { readonly readers: number; readonly forMs: number } {
  if (rate > 0 && readers > 0 && given > 0) {
    throw new FleetError('bad-config', '--rate, --readers, --for: two of them decide the third', {
      remedy: 'leave one out',
    });
  }
  if (readers > 0 && rate > 0) return { readers, forMs: (readers * 1_000) / (rate * mean) };
  const forMs = given === 0 ? DEFAULT_FOR_MS : given;
  if (readers > 0) return { readers, forMs };
  const perSecond = rate === 0 ? DEFAULT_RATE : rate;
  return { readers: Math.round((perSecond * mean * forMs) / 1_000), forMs };
}

/** The most arrivals within one second. */
function peakOf(arrivals: Float64Array): number {
  let first = 0;
  let most = 0;
  arrivals.forEach((at, index) => {
    while (at - (arrivals[first] ?? at) >= 1_000) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}
