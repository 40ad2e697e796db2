// Metrics of the line: how many wait, how long it took, and how well that was foretold.
import { Histogram, only, type Registry, rowsBy, showCounter, showGauge } from '../metrics.ts';
import type { LineOptions } from './line.ts';

const WAIT_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1_200, 3_600];
const ERROR_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2];

export type LineMetrics = Pick<LineOptions<never>, 'countAdmitted' | 'countLeft'>;

export function showLine(registry: Registry, size: () => number): LineMetrics {
  const ends = { admitted: 0, left: 0 };
  showGauge(registry, {
    name: 'tmpfleet_line_waiting',
    help: 'Readers with a place in line here, those between two requests included',
    rows: () => only(size()),
  });
  showCounter(registry, {
    name: 'tmpfleet_line_readers_total',
    help: 'Readers who stood in line, by outcome: admitted, or left (they have not asked for a minute)',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', ends),
  });
  const seconds = new Histogram({
    name: 'tmpfleet_line_wait_seconds',
    help: 'Time from the arrival of readers in line to their admission',
    buckets: WAIT_BUCKETS,
    registers: [registry],
  });
  const error = new Histogram({
    name: 'tmpfleet_line_eta_error_ratio',
    help: 'How far the time that a reader in line was told first was off, as a part of their whole wait',
    buckets: ERROR_BUCKETS,
    registers: [registry],
  });
  return {
    countAdmitted: ({ waitedSeconds, etaError }) => {
      ends.admitted += 1;
      seconds.observe(waitedSeconds);
      if (etaError !== undefined) error.observe(etaError);
    },
    countLeft: () => {
      ends.left += 1;
    },
  };
}
