// Prometheus metrics: a registry per program, so that two in one process (tests) do not share counters.
// Frequent events are counted in plain numbers, which are read only when the metrics are requested.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { COMMIT, VERSION } from './version.ts';

export type { Registry } from 'prom-client';
export { Histogram } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;
export type MetricRow = readonly [labels: Labels, value: number];

export interface Shown {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** The present series; one that is left out no longer exists. */
  readonly rows: () => Iterable<MetricRow> | Promise<Iterable<MetricRow>>;
}

/** Gauges with another name: the suffix `_total` is for counters, and promtool reports others. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export function createMetrics(program: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program });
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  showGauge(registry, {
    name: 'tmpfleet_build_info',
    help: 'Always 1; version and commit (unknown where it was not built from a git checkout) are in the labels',
    labels: ['version', 'commit'],
    rows: () => [[{ version: VERSION, commit: COMMIT }, 1]],
  });
  return registry;
}

export function showGauge(registry: Registry, { name, help, labels = [], rows }: Shown): void {
  new Gauge({
    ...{ name, help, labelNames: [...labels], registers: [registry] },
    async collect() {
      const now = await rows();
      this.reset();
      for (const [set, value] of now) this.set(set, value);
    },
  });
}

/** A counter whose value is kept elsewhere and read whenever metrics are requested. */
export function showCounter(registry: Registry, { name, help, labels = [], rows }: Shown): void {
  new Counter({
    ...{ name, help, labelNames: [...labels], registers: [registry] },
    async collect() {
      const now = await rows();
      this.reset();
      for (const [set, value] of now) this.inc(set, value);
    },
  });
}

/** Rows of a metric without labels. */
export function only(value: number): readonly MetricRow[] {
  return [[{}, value]];
}

/** A row for each key, including those that are 0: a rate needs a first value to rise from. */
export function rowsBy(label: string, values: Readonly<Record<string, number>>): readonly MetricRow[] {
  return Object.entries(values).map(([key, value]) => [{ [label]: key }, value]);
}
