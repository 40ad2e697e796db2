// The alert rules, their tests and the dashboard, parsed; and the metrics in their expressions.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export const prometheusDir = fileURLToPath(new URL('../../monitoring/prometheus/', import.meta.url));

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ record: z.string(), expr: z.string() }).or(
          z.object({
            alert: z.string(),
            expr: z.string(),
            labels: z.object({ severity: z.enum(['critical', 'warning']) }),
            annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
          }),
        ),
      ),
    }),
  ),
});

const ruleTestsSchema = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

const panelSchema = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.object({ refId: z.string(), expr: z.string() })).optional(),
});

const dashboardSchema = z.object({
  uid: z.string(),
  schemaVersion: z.number().min(39),
  templating: z.object({ list: z.array(z.object({ name: z.string(), definition: z.string().optional() })) }),
  panels: z.array(panelSchema),
});

export function readDocument(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

function readAllRules() {
  const file = rulesSchema.parse(parse(readDocument('monitoring/prometheus/tmpfleet.rules.yml')));
  return file.groups.flatMap(({ rules }) => rules);
}

/** The alerts. */
export function readRules() {
  return readAllRules().flatMap((rule) => ('alert' in rule ? [rule] : []));
}

/** What Prometheus computes ahead, for the alerts and the dashboard. */
export function readRecordings() {
  return readAllRules().flatMap((rule) => ('record' in rule ? [rule] : []));
}

export const RULE_TESTS = ['tmpfleet.rules.test.yml', 'tmpfleet.objective.test.yml'] as const;

export function readRuleTests() {
  const files = RULE_TESTS.map((name) =>
    ruleTestsSchema.parse(parse(readDocument(`monitoring/prometheus/${name}`))),
  );
  return files.flatMap(({ tests }) => tests).flatMap((test) => test.alert_rule_test);
}

export function readDashboard() {
  return dashboardSchema.parse(JSON.parse(readDocument('monitoring/grafana/tmpfleet.json')));
}

/** Values that Grafana inserts for its variables before it queries Prometheus. */
export function fillVariables(expression: string): string {
  return expression.replaceAll('$__rate_interval', '1m').replace(/\$\{?\w+\}?/g, '.*');
}

const NO_METRICS: ReadonlySet<string> = new Set(['and', 'or', 'unless', 'bool', 'offset', 'Inf', 'NaN']);

/** The metrics that a PromQL expression names: the words left without strings, labels, ranges and functions. */
export function metricsIn(expression: string): readonly string[] {
  const bare = expression
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const words = bare.match(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])/g) ?? [];
  return [...new Set(words)].filter((word) => !NO_METRICS.has(word));
}
