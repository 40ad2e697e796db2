// Warm sandboxes that are booked for a time, such as "200 at 14:00 for 2h" for the publication of an article.
import cron from 'node-cron';
import { z } from 'zod';
import type { Kind } from '../../shared/config/option.ts';
import { formatDuration, parseDuration } from '../../shared/config/units.ts';

export interface Booking {
  readonly count: number;
  /** A cron expression of five fields, in the time zone of the process. */
  readonly at: string;
  /** ms */
  readonly lasts: number;
}

const MINUTE_MS = 60_000;
const USUAL_MS = 3_600_000;
const LONGEST_MS = 7 * 86_400_000;
const SHAPE = /^(\d{1,5}) at (.+?)(?: for (\S+))?$/;

/** Semicolons separate bookings, because a cron expression may contain commas. */
export const bookingKind: Kind<readonly Booking[]> = {
  schema: z.preprocess(
    (value) => (typeof value === 'string' ? value.split(';').filter((each) => each.trim() !== '') : value),
    z.array(z.string().transform((text, context) => parseBooking(text.trim()) ?? refuse(context))),
  ),
  metavar: 'bookings',
  expects: 'such as "200 at 14:00 for 2h" or "50 at 0 8 * * 1-5 for 10h", with semicolons between several',
  format: (bookings) => bookings.map(formatBooking).join('; '),
};

function refuse(context: z.RefinementCtx): never {
  context.addIssue('not a booking');
  return z.NEVER;
}

function parseBooking(text: string): Booking | undefined {
  const [, count, when = '', span] = SHAPE.exec(text) ?? [];
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(when);
  const at = clock === null ? when : `${Number(clock[2])} ${Number(clock[1])} * * *`;
  const lasts = span === undefined ? USUAL_MS : parseDuration(span);
  const isTime = typeof lasts === 'number' && lasts >= MINUTE_MS && lasts <= LONGEST_MS;
  if (count === undefined || !isTime || at.split(/\s+/).length !== 5 || !cron.validate(at)) return undefined;
  return { count: Number(count), at, lasts };
}

function formatBooking({ count, at, lasts }: Booking): string {
  return `${count} at ${at} for ${formatDuration(lasts)}`;
}

interface Dated extends Booking {
  readonly matches: (date: Date) => boolean;
}

/** Computes which bookings are in force. It keeps no state, so a restart changes nothing. */
export class Bookings {
  readonly #all: readonly Dated[];
  #minute = Number.NaN;
  #lead = Number.NaN;
  #wanted = 0;

  constructor(bookings: readonly Booking[]) {
    this.#all = bookings.map((booking) => {
      const task = cron.createTask(booking.at, () => undefined);
      return { ...booking, matches: (date) => task.match(date) };
    });
  }

  /**
   * How many sandboxes should be warm: the largest booking that is in force, or begins so soon that its sandboxes must be
   * started now.
   * @param now ms since 1970
   * @param secondsEach time a node needs for each sandbox while it starts as many at a time as allowed
   */
  wanted(now: number, secondsEach: number): number {
    const minute = Math.floor(now / MINUTE_MS);
    // Called with every claim; the result changes only with the minute, or when starts have become slower.
    if (minute === this.#minute && Math.abs(secondsEach - this.#lead) < this.#lead / 2) return this.#wanted;
    this.#minute = minute;
    this.#lead = secondsEach;
    this.#wanted = Math.max(
      0,
      ...this.#all.map((booking) => (holds(booking, minute, secondsEach) ? booking.count : 0)),
    );
    return this.#wanted;
  }
}

function holds({ count, lasts, matches }: Dated, minute: number, secondsEach: number): boolean {
  // One minute extra: too early is better than too late.
  const lead = 1 + Math.ceil((count * secondsEach) / 60);
  for (let from = minute + lead; from > minute - lasts / MINUTE_MS; from -= 1) {
    if (matches(new Date(from * MINUTE_MS))) return true;
  }
  return false;
}
