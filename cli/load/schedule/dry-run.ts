// What `--dry-run` prints: the schedule, as a picture of bars for people, or with each arrival as JSON.
import { spellCount, spellDuration } from '../../../shared/config/units.ts';
import type { Schedule } from './schedule.ts';

const ROWS = 24;
const BAR = 50;

export function drawSchedule({ model, arrivals, closed, forMs, peakRate }: Schedule): string {
  if (model === 'closed') {
    return `${spellCount(closed, 'reader')} at a time for ${spellDuration(forMs)}; each comes again when they have left (closed model)\n`;
  }
  const counts = countIn(arrivals, forMs, ROWS);
  const most = Math.max(1, ...counts);
  const rowMs = forMs / ROWS;
  const rows = counts.map((count, row) => {
    const from = spellTime((row * forMs) / ROWS, forMs).padStart(8);
    const rate = ((count * 1_000) / rowMs).toFixed(1).padStart(9);
    return `${from} ${rate}/s ${'█'.repeat(Math.round((BAR * count) / most))}`;
  });
  const head = `${spellCount(arrivals.length, 'reader')} within ${spellDuration(forMs)}, ${peakRate.toFixed(1)} a second where the shape is highest`;
  return [head, ...rows, ''].join('\n');
}

export function scheduleJson({ model, arrivals, closed, forMs, peakRate }: Schedule): object {
  return {
    model,
    ...(model === 'closed' ? { closed } : { readers: arrivals.length, peak_rate: peakRate }),
    seconds: forMs / 1_000,
    arrivals_ms: Array.from(arrivals, (at) => Math.round(at)),
  };
}

/** How many arrive in each of `parts` equal parts of the time. */
export function countIn(arrivals: Float64Array, forMs: number, parts: number): readonly number[] {
  const counts = new Array<number>(parts).fill(0);
  for (const at of arrivals) {
    const part = Math.min(parts - 1, Math.floor((at / forMs) * parts));
    counts[part] = (counts[part] ?? 0) + 1;
  }
  return counts;
}

/** `0:25`, `7:05`, `1:02:10`; tenths where all is within a minute. */
function spellTime(ms: number, longest: number): string {
  if (longest <= 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number: number): string => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
