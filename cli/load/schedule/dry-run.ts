// What `--dry-run` prints: the schedule, as a picture of bars for people, or with each arrival as JSON.
import { spellDuration } from '../../../shared/config/units.ts';
import type { Schedule } from './schedule.ts';

const ROWS = 24;
const BAR = 50;

export function drawSchedule({ model, arrivals, closed, forMs, peakRate }: Schedule): string {
  if (model === 'closed') {
    return `${closed} readers at a time for ${spellDuration(forMs)}; each comes again when they have left (closed model)\n`;
  }
  const counts = countIn(arrivals, forMs, ROWS);
  const most = Math.max(1, ...counts);
  const rowMs = forMs / ROWS;
  const rows = counts.map((count, row) => {
    const from = spellTime((row * forMs) / ROWS, forMs).padStart(9);
    const rate = ((count * 1_000) / rowMs).toFixed(1).padStart(9);
    return `${from} ${rate}/s ${'█'.repeat(Math.round((BAR * count) / most))}`;
  });
  const head = `${arrivals.length} readers within ${spellTime(forMs, forMs)}, ${peakRate.toFixed(1)} a second at most on average`;
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

function spellTime(ms: number, longest: number): string {
  return longest < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : spellDuration(ms);
}
