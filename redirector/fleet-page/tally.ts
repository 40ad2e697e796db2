// From the counters of /metrics to the four numbers that the history keeps.
import type { Registry } from '../../shared/metrics.ts';
import type { FleetTally } from './history.ts';

/** Reads seven metrics, not all of them: this is done every second. */
export async function tallyRegistry(registry: Registry): Promise<FleetTally> {
  const sum = async (name: string, outcome?: string): Promise<number> => {
    const metric = await registry.getSingleMetric(name)?.get();
    let total = 0;
    for (const { value, labels } of metric?.values ?? [])
      if (outcome === undefined || labels.outcome === outcome) total += value;
    return total;
  };
  const [sent, refused, bounces, left, admitted, held, inLine] = await Promise.all([
    sum('tmpfleet_redirects_total'),
    sum('tmpfleet_refusals_total'),
    sum('tmpfleet_bounces_total'),
    sum('tmpfleet_waits_total', 'left'),
    sum('tmpfleet_line_readers_total', 'admitted'),
    sum('tmpfleet_waiting'),
    sum('tmpfleet_line_waiting'),
  ]);
  // A bounced reader arrives twice and is counted as sent, or as refused, twice; one in line as refused, and as sent in the end;
  // one who left was neither.
  const arrivals = Math.max(0, sent + refused + left - bounces - admitted);
  return { arrivals, bounces, refused, waiting: held + inLine };
}
