// The report as a table for spreadsheets: a line for each slice of time.
import type { Report } from './report.ts';

const COUNTS = ['arrived', 'served', 'refused', 'failed', 'errors', 'open'] as const;
const FLEET = [
  'capacity',
  'available',
  'warm',
  'starting',
  'held',
  'waiting',
  'nodes',
  'nodes_down',
] as const;

export function makeCsv({ slices, steps, fleet, slice_seconds: length }: Report): string {
  const names = Object.keys(steps);
  const head = [
    ...['second', ...COUNTS],
    ...FLEET.map((name) => `fleet_${name}`),
    ...names.flatMap((step) => [`${step}_count`, `${step}_p50_ms`, `${step}_p99_ms`]),
  ];
  const lines = slices.map((slice) => {
    // The last sample within the slice.
    const sample = fleet.findLast(({ second }) => second >= slice.second && second < slice.second + length);
    return [
      ...[slice.second, ...COUNTS.map((name) => slice[name])],
      ...FLEET.map((name) => sample?.[name] ?? ''),
      ...names.flatMap((step) => {
        const times = slice.steps[step];
        return times === undefined ? [0, '', ''] : [times.count, times.p50_ms, times.p99_ms];
      }),
    ];
  });
  return [head, ...lines].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

/** RFC 4180. */
function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
