// docs/reference/metrics.md, from the registries of a node-agent and a redirector that run while it is made.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { startNodeAgent } from '../../node-agent/main.ts';
import { redirectorOptions } from '../../redirector/config.ts';
import { startRedirector } from '../../redirector/main.ts';
import { loadConfig } from '../../shared/config/load.ts';
import { code, document, table } from './markdown.ts';

interface Closable {
  close(): Promise<void>;
}

export async function makeMetrics(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tmpfleet-reference-'));
  try {
    const redirector = await registeredBy(() => startFront(join(dir, 'redirector')));
    const node = await registeredBy(() => startNode(join(dir, 'node')));
    return document(
      'Metrics',
      `\`GET /metrics\` of a control listener, in Prometheus' text format. Every series has the label \`program\`
(\`redirector\` or \`node-agent\`). \`docs/alerts.md\` says which of them mean trouble.`,
      '## tmpfleet redirector',
      describe(redirector.filter(isOurs)),
      '## tmpfleet node-agent',
      describe(node.filter(isOurs)),
      '## Of the process, in both',
      describe(node.filter((metric) => !isOurs(metric))),
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: readonly string[];
}

function isOurs({ name }: Metric): boolean {
  return name.startsWith('tmpfleet_');
}

function describe(metrics: readonly Metric[]): string {
  const rows = [...metrics]
    .sort((one, other) => one.name.localeCompare(other.name, 'en'))
    .map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(', '), help]);
  return table(['name', 'type', 'labels', 'meaning'], rows);
}

/** The metrics that a program registers while it starts; the program does not expose its registry. */
async function registeredBy(start: () => Promise<Closable>): Promise<readonly Metric[]> {
  const registries = new Set<Registry>();
  const { registerMetric } = Registry.prototype;
  Registry.prototype.registerMetric = function (this: Registry, metric) {
    registries.add(this);
    registerMetric.call(this, metric);
  };
  try {
    const program = await start();
    await program.close();
  } finally {
    Registry.prototype.registerMetric = registerMetric;
  }
  const found = [...registries].flatMap((registry) => registry.getMetricsAsArray());
  return found.map((metric) => ({
    name: metric.name,
    help: metric.help,
    type: 'type' in metric ? String(metric.type) : '',
    labels: 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [],
  }));
}

const FREE_PORTS = { host: '127.0.0.1', port: '0', controlPort: '0' };
const logger = pino({ level: 'silent' });

function startFront(dataDir: string): Promise<Closable> {
  const { config } = loadConfig(redirectorOptions, { flags: { ...FREE_PORTS, dataDir }, env: {} });
  return startRedirector(config, { logger });
}

function startNode(dataDir: string): Promise<Closable> {
  const flags = {
    ...FREE_PORTS,
    dataDir,
    nodeId: 'node',
    engine: 'local',
    command: 'sleep 60',
    ephemeral: true,
  };
  const { config } = loadConfig(nodeAgentOptions, { flags, env: {} });
  return startNodeAgent(config, { logger, env: {} });
}
