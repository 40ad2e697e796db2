// From the counters that /metrics tells to the four numbers that the history keeps.
import type { Registry } from '../../shared/metrics.ts';
import type { Tally } from './history.ts';

interface Counted {
  readonly name: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Partial<Record<string, string | number>>;
  }[];
}

const NAMES = {
  sent: 'tmpfleet_redirects_total',
  refused: 'tmpfleet_refusals_total',
  bounces: 'tmpfleet_bounces_total',
  waits: 'tmpfleet_waits_total',
  waiting: 'tmpfleet_waiting',
} as const;

/** Of one process. Asks for five metrics, not for all: this is done every second. */
export async function tallyRegistry(registry: Registry): Promise<Tally> {
  const asked = Object.values(NAMES).map((name) => registry.getSingleMetric(name)?.get());
  return tally((await Promise.all(asked)).filter((metric) => metric !== undefined));
}

/** Of many: each metric may be there once for every process. */
export function tally(metrics: readonly Counted[]): Tally {
  const sum = (name: string, outcome?: string): number => {
    let total = 0;
    for (const metric of metrics) {
      if (metric.name !== name) continue;
      for (const { value, labels } of metric.values)
        if (outcome === undefined || labels.outcome === outcome) total += value;
    }
    return total;
  };
  const refused = sum(NAMES.refused);
  const bounces = sum(NAMES.bounces);
  // Whoever was sent back comes twice and is told of as sent, or refused, twice; who left was neither.
  const arrivals = sum(NAMES.sent) + refused + sum(NAMES.waits, 'left') - bounces;
  return { arrivals: Math.max(0, arrivals), bounces, refused, waiting: sum(NAMES.waiting) };
}
