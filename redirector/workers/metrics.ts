// The numbers of the whole: what every worker counted, those that are gone included, and the primary's own.
import {
  type Aggregator,
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { UNKNOWN_NODE } from '../metrics/counters.ts';

export type MetricsJson = MetricObjectWithValues<MetricValue<string>>[];

/** Gauges that are each worker's own. */
const OWN_GAUGES: ReadonlySet<string> = new Set(['tmpfleet_waiting', 'tmpfleet_open_connections']);

/** Where a sum or prom-client's own choice would hide the one process that is in trouble, or has just been replaced. */
const WORST: Readonly<Record<string, Aggregator>> = {
  nodejs_eventloop_lag_seconds: 'max',
  nodejs_eventloop_lag_p50_seconds: 'max',
  nodejs_eventloop_lag_p90_seconds: 'max',
  nodejs_eventloop_lag_p99_seconds: 'max',
  process_open_fds: 'max',
  process_max_fds: 'min',
  process_start_time_seconds: 'max',
};

/** What a worker tells of: what it did and used, and who waits. How the nodes are is the primary's to tell, once. */
export async function workerMetrics(registry: Registry): Promise<MetricsJson> {
  const all = await registry.getMetricsAsJSON();
  return all.filter((metric) => OWN_GAUGES.has(metric.name) || !(isOurs(metric) && isGauge(metric)));
}

/** What stays true of a worker that is gone: a sum that fell would look like a restart of the whole. */
export function lastingMetrics(metrics: MetricsJson): MetricsJson {
  return metrics.filter((metric) => isOurs(metric) && !isGauge(metric));
}

/** By each metric's own rule of aggregation; a sum where it has none. */
export function sumMetrics(parts: readonly MetricsJson[]): Promise<MetricsJson> {
  return aggregate(parts).getMetricsAsJSON();
}

function aggregate(parts: readonly MetricsJson[]): Registry {
  const told = parts.map((part) =>
    part.map((metric) => ({ ...metric, aggregator: WORST[metric.name] ?? metric.aggregator })),
  );
  return AggregatorRegistry.aggregate(told);
}

export interface WholeParts {
  readonly own: Registry;
  readonly others: () => Promise<readonly MetricsJson[]>;
  readonly isNode: (id: string) => boolean;
}

/** A registry that asks the workers whenever it is asked. */
export class WholeRegistry extends Registry {
  readonly #parts: WholeParts;

  constructor(parts: WholeParts) {
    super();
    this.#parts = parts;
  }

  override async metrics(): Promise<string> {
    const { own, others, isNode } = this.#parts;
    const [ours, theirs] = await Promise.all([own.getMetricsAsJSON(), others()]);
    const present = theirs.map((part) =>
      withoutNodes(part, (node) => node !== UNKNOWN_NODE && !isNode(node)),
    );
    return aggregate([ours, ...present]).metrics();
  }
}

/** A worker that is gone may have counted for nodes that have gone since. */
function withoutNodes(metrics: MetricsJson, isGone: (node: string) => boolean): MetricsJson {
  return metrics.map((metric) => ({
    ...metric,
    values: metric.values.filter(({ labels }) => labels.node === undefined || !isGone(String(labels.node))),
  }));
}

function isOurs({ name }: { readonly name: string }): boolean {
  return name.startsWith('tmpfleet_');
}

/** prom-client types it as an enum, and gives a string. */
function isGauge({ type }: { readonly type: unknown }): boolean {
  return type === 'gauge';
}
