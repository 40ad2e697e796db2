// What a plan proposes without simulations, or before them: slots of a host, starts at a time, and when to book.
import { type Booking, bookingKind } from '../../node-agent/sizing/bookings.ts';
import type { Random } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/config/units.ts';
import { countIn } from '../load/schedule/dry-run.ts';
import { type Circumstances, heldMs, type Image } from './expect.ts';

/** For the system, Docker and the node-agent, beside what a node keeps free (--min-free-memory). */
const SYSTEM_BYTES = 512 * 1024 ** 2;
const MOST_SLOTS = 10_000;
const MOST_STARTS = 256;

export interface HostSize {
  readonly memoryBytes: number;
  readonly cores: number;
  /** What a node keeps free. */
  readonly freeBytes: number;
}

/** 0 where the host has not the memory for one sandbox. */
export function slotsOf({ memoryBytes, cores, freeBytes }: HostSize, image: Image): number {
  const byMemory = (memoryBytes - freeBytes - SYSTEM_BYTES) / image.memoryBytes;
  const byCores = image.readerCores === 0 ? Number.POSITIVE_INFINITY : cores / image.readerCores;
  return Math.max(0, Math.min(MOST_SLOTS, Math.floor(Math.min(byMemory, byCores))));
}

/** As many starts as keep all cores busy, and one more. */
export function startsOf(cores: number, { startMs, startCpuMs }: Image): number {
  const perStart = Math.max(startCpuMs / startMs, 1 / MOST_STARTS);
  return Math.min(MOST_STARTS, Math.max(2, Math.ceil(cores / perStart) + 1));
}

/** Most sandboxes that readers have at a time, if there is always room. */
export function peakOf(arrivals: Float64Array, given: Circumstances, random: Random): number {
  const ends = arrivals.map((at) => at + heldMs(given, random) + given.cullMs / 2).sort();
  let gone = 0;
  let most = 0;
  arrivals.forEach((at, index) => {
    while ((ends[gone] ?? Number.POSITIVE_INFINITY) <= at) gone += 1;
    most = Math.max(most, index + 1 - gone);
  });
  return most;
}

export interface BookingOptions {
  /** ms since the begin, in order */
  readonly arrivals: Float64Array;
  readonly forMs: number;
  /** When the first reader may arrive, ms since 1970. */
  readonly startsAt: number;
  /** Whether that day alone is meant, or each day. */
  readonly hasDate: boolean;
  /** Warm sandboxes of a host that the crowd needs. */
  readonly warm: number;
}

export interface Booked {
  /** For the rest of the time. */
  readonly warm: number;
  readonly book: readonly Booking[];
}

const MINUTE_MS = 60_000;
/** A node starts what is booked early, but a crowd may be early, too. */
const EARLY_MS = 5 * MINUTE_MS;
/** Crowds with less than this between them are one. */
const GAP_MS = 30 * MINUTE_MS;
/** Fewer are kept warm all the time: they cost little. */
const FEWEST = 4;
/** A crowd is what is above this part of the most readers at a time. */
const QUIET = 0.25;
/** What is booked for longer than this part of the time is kept warm all the time. */
const MOST_OF_TIME = 0.75;

/** Undefined where booking saves nothing. */
export function proposeBookings(options: BookingOptions): Booked | undefined {
  const { forMs, warm, startsAt, hasDate } = options;
  const spans = crowdsIn(options);
  const booked = spans.reduce((sum, { from, to }) => sum + to - from, 0);
  if (warm < FEWEST || spans.length === 0 || booked > MOST_OF_TIME * forMs) return undefined;
  const texts = spans.map(({ from, to }) => {
    const at = new Date(Math.floor((startsAt + from - EARLY_MS) / MINUTE_MS) * MINUTE_MS);
    const lasts = Math.ceil((to - from + EARLY_MS) / MINUTE_MS) * MINUTE_MS;
    const clock = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
    const when = hasDate
      ? `${at.getMinutes()} ${at.getHours()} ${at.getDate()} ${at.getMonth() + 1} *`
      : clock;
    return `${warm} at ${when} for ${formatDuration(lasts)}`;
  });
  const parsed = bookingKind.schema.safeParse(texts.join('; '));
  // A crowd of more than seven days is none.
  return parsed.success ? { warm: Math.ceil(QUIET * warm), book: parsed.data } : undefined;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** When more than a part of the most readers come. */
function crowdsIn({ arrivals, forMs }: BookingOptions): readonly Span[] {
  const parts = Math.max(1, Math.min(1_000, Math.floor(forMs / (5 * MINUTE_MS))));
  const counts = countIn(arrivals, forMs, parts);
  const bound = QUIET * Math.max(...counts);
  const spans: Span[] = [];
  counts.forEach((count, part) => {
    if (count <= bound) return;
    const [from, to] = [(part * forMs) / parts, ((part + 1) * forMs) / parts];
    const last = spans.at(-1);
    if (last !== undefined && from - last.to < GAP_MS) spans[spans.length - 1] = { from: last.from, to };
    else spans.push({ from, to });
  });
  return spans;
}
