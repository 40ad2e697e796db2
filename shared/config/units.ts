// Times and sizes as operators write them. Both require a unit, except 0.
import { z } from 'zod';

const TIME: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * `90s` → 90000 ms. Anything that is not a time, also a number without a unit, is returned as text, which no schema of a
 * number accepts.
 */
export function parseDuration(value: unknown): unknown {
  return parseUnits(value, /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/i, TIME);
}

/** A time in the body of a request, in milliseconds: text with a unit, or a number of seconds. */
export const durationInput = z
  .preprocess(
    (value) => (typeof value === 'number' ? value * 1000 : parseDuration(value)),
    z.number().nonnegative(),
  )
  .meta({ type: ['string', 'number'], examples: ['30m', 1800] });

/** `512m` → 536870912 bytes; like `parseDuration` for anything else. */
export function parseBytes(value: unknown): unknown {
  const bytes = parseUnits(value, /^(\d+(?:\.\d+)?)\s*([bkmgt])(?:i?b)?$/i, SIZE);
  return typeof bytes === 'number' ? Math.round(bytes) : bytes;
}

function parseUnits(value: unknown, pattern: RegExp, units: Readonly<Record<string, number>>): unknown {
  const text = String(value).trim();
  if (text === '0') return 0;
  const [, number, unit = ''] = pattern.exec(text) ?? [];
  const factor = units[unit.toLowerCase()];
  return number === undefined || factor === undefined ? text : Number(number) * factor;
}

/** The shortest exact spelling: 90000 → `90s`, 3600000 → `1h`. */
export function formatDuration(ms: number): string {
  return exact(ms, TIME, 'ms');
}

export function formatBytes(size: number): string {
  return exact(size, SIZE, 'b');
}

/** In messages: `1 node`, `2 sandboxes`. @param one of them, with a regular plural */
export function spellCount(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : /[sx]$/.test(one) ? 'es' : 's'}`;
}

/** In messages and tables: 3725000 → `1 h 2 min`. */
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
