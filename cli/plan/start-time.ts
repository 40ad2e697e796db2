// `--at`: when the first readers may come, as bookings need it: a clock time, or a day and a clock time.
import type { Kind } from '../../shared/config/option.ts';
import { text } from '../../shared/config/option.ts';

const SHAPE = /^(?:(\d{4})-(\d\d)-(\d\d)[T ])?([01]\d|2[0-3]):([0-5]\d)$/;

export interface StartTime {
  /** ms since 1970, in the time zone of this process */
  readonly at: number;
  /** Whether a day was given, so that bookings are for that day alone. */
  readonly hasDate: boolean;
}

export const startTimeKind: Kind<string> = {
  ...text('time', 'a time such as 14:00, or with its day: 2026-11-03T14:00'),
  schema: text('', '').schema.refine((value) => parseStartTime(value, 0) !== undefined),
};

/** @param now ms since 1970: the day where none is given */
export function parseStartTime(value: string, now: number): StartTime | undefined {
  const match = SHAPE.exec(value.trim());
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes] = match.map(Number);
  const hasDate = match[1] !== undefined;
  const date = new Date(now);
  if (hasDate) date.setFullYear(year ?? 0, (month ?? 1) - 1, day ?? 1);
  // The 31st of a shorter month would be another day.
  if (hasDate && (date.getMonth() + 1 !== month || date.getDate() !== day)) return undefined;
  date.setHours(hours ?? 0, minutes ?? 0, 0, 0);
  return { at: date.getTime(), hasDate };
}
