// The numbers of the whole: what every worker counted, those that are gone included, and the primary's own.
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';

export type MetricsJson = MetricObjectWithValues<MetricValue<string>>[];

/** Of gauges, the only one that is each worker's own. */
const WAITING = 'tmpfleet_waiting';

/** What a worker tells of: what it did and used, and who waits. How the nodes are is the primary's to tell, once. */
export async function workerMetrics(registry: Registry): Promise<MetricsJson> {
  const all = await registry.getMetricsAsJSON();
  return all.filter((metric) => metric.name === WAITING || !(isOurs(metric) && isGauge(metric)));
}

/** What stays true of a worker that is gone: a sum that fell would look like a restart of the whole. */
export function lastingMetrics(metrics: MetricsJson): MetricsJson {
  return metrics.filter((metric) => isOurs(metric) && !isGauge(metric));
}

/** By each metric's own rule of aggregation; a sum where it has none. */
export function sumMetrics(parts: readonly MetricsJson[]): Promise<MetricsJson> {
  return AggregatorRegistry.aggregate([...parts]).getMetricsAsJSON();
}

/** A registry that asks the workers whenever it is asked. */
export class WholeRegistry extends Registry {
  readonly #own: Registry;
  readonly #others: () => Promise<readonly MetricsJson[]>;

  constructor(own: Registry, others: () => Promise<readonly MetricsJson[]>) {
    super();
    this.#own = own;
    this.#others = others;
  }

  override async metrics(): Promise<string> {
    const [own, others] = await Promise.all([this.#own.getMetricsAsJSON(), this.#others()]);
    return AggregatorRegistry.aggregate([own, ...others]).metrics();
  }
}

function isOurs({ name }: { readonly name: string }): boolean {
  return name.startsWith('tmpfleet_');
}

/** prom-client types it as an enum, and gives a string. */
function isGauge({ type }: { readonly type: unknown }): boolean {
  return type === 'gauge';
}
