// Times and sizes as people write them.
import { z } from 'zod';

const TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `90s` → 90000; a bare number is seconds, as every option of tmpnb's was. What is not a time comes back as it was. */
export function parseDuration(value: unknown): unknown {
  if (typeof value === 'number') return value * 1000;
  if (typeof value !== 'string') return value;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/i.exec(value.trim());
  if (match === null) return value;
  return Number(match[1]) * (TIME[(match[2] ?? 's').toLowerCase()] ?? Number.NaN);
}

/** A time in a request's body: milliseconds inside. */
export const durationInput = z
  .preprocess(parseDuration, z.number().nonnegative())
  .meta({ type: ['string', 'number'], examples: ['30m', 1800] });

/** `512m` → 536870912; a bare number is bytes. */
export function parseBytes(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt])?(?:i?b)?$/i.exec(value.trim());
  if (match === null) return value;
  return Math.round(Number(match[1]) * (SIZE[(match[2] ?? 'b').toLowerCase()] ?? Number.NaN));
}

/** The shortest exact spelling: 90000 → `90s`, 3600000 → `1h`. */
export function formatDuration(ms: number): string {
  return exact(ms, TIME, 'ms');
}

export function formatBytes(size: number): string {
  return exact(size, SIZE, 'b');
}

/** For people: 3725000 → `1 h 2 min`. */
export function spellDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

function exact(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  if (value === 0) return `0${smallest === 'ms' ? 's' : smallest}`;
  const fitting = Object.entries(units)
    .filter(([, factor]) => value % factor === 0)
    .at(-1);
  return fitting === undefined ? `${value}${smallest}` : `${value / fitting[1]}${fitting[0]}`;
}
