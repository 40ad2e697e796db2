// The metrics as Prometheus' own tool sees them; rules and dashboard use only metrics that exist.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { describeNeeding } from '../lab/needs.ts';
import { run } from '../lab/run.ts';
import { until } from '../support/until.ts';
import {
  fillVariables,
  metricsIn,
  prometheusDir,
  RULE_TESTS,
  readDashboard,
  readDocument,
  readRecordings,
  readRules,
  readRuleTests,
} from './files.ts';
import { namesIn, scrape, startUsedFleet, type UsedFleet } from './fleet.ts';

const rules = readRules();
const recordings = readRecordings();
const dashboard = readDashboard();
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Those of ours, also without a series: that of the canary has none before its first visit. */
function familiesIn(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (tmpfleet_\w+) /gm)].map(([, name = '']) => name);
}

describe('the alerts', () => {
  test('each have a case in which they fire, and one in which they do not', () => {
    const cases = readRuleTests();
    const lacking = rules.filter(({ alert }) => {
      const own = cases.filter(({ alertname }) => alertname === alert);
      return (
        own.every((each) => each.exp_alerts.length === 0) || own.every((each) => each.exp_alerts.length > 0)
      );
    });
    expect(rules.length).toBeGreaterThan(14);
    expect(lacking.map(({ alert }) => alert)).toEqual([]);
  });

  test('each have their own heading in docs/alerts.md, and each heading there has its alert', () => {
    const headings = [...readDocument('docs/alerts.md').matchAll(/^## Alert: (\w+)$/gm)].map(
      ([, name]) => name,
    );
    expect(headings).toEqual(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules)
      expect(annotations.runbook_url).toBe(`docs/alerts.md#alert-${alert.toLowerCase()}`);
  });
});

describe('the dashboard', () => {
  test('has panels with unique ids that do not overlap, each with a query', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ type, targets = [] }) => type !== 'row' && targets.length === 0)).toEqual([]);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

test('the parser finds metrics in an expression, and nothing else', () => {
  const expression =
    'sum by (a, le) (rate(x_total{b=~"y|z"}[5m])) / on (a) group_left () w:x offset 5m > bool 1e3 and up unless time() - v';
  expect(metricsIn(expression)).toEqual(['x_total', 'w:x', 'up', 'v']);
});

describeNeeding(['promtool'], 'Prometheus’ own tool', ({ promtool }) => {
  let dir: string;
  let fleet: UsedFleet;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tmpfleet-promtool-'));
    fleet = await startUsedFleet();
  });
  afterAll(async () => {
    await fleet?.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const tool = (...args: readonly string[]): Promise<string> => run(promtool.executablePath, args);
  const lint = async (text: string): Promise<string> => {
    const file = join(dir, 'metrics.txt');
    writeFileSync(file, text);
    return run('sh', ['-c', '"$0" check metrics < "$1" 2>&1', promtool.executablePath, file]);
  };

  test('accepts the metrics of the programs', async () => {
    for (const control of [fleet.front, fleet.otherFront, fleet.node]) {
      const text = await scrape(control);
      expect(namesIn(text).length).toBeGreaterThan(100);
      expect(namesIn(text)).toContain('process_start_time_seconds');
      expect(await lint(text)).toBe('');
    }
  });

  test('rejects a name that breaks the convention', async () => {
    const wrong = '# HELP a_total A gauge.\n# TYPE a_total gauge\na_total 1\n';
    await expect(lint(wrong)).rejects.toThrow();
  });

  test('accepts the rules and the example configuration', async () => {
    await tool('check', 'rules', join(prometheusDir, 'tmpfleet.rules.yml'));
    await tool('check', 'config', join(prometheusDir, 'prometheus.example.yml'));
  });

  test('fires every alert when it should, and only then', async () => {
    const files = RULE_TESTS.map((name) => join(prometheusDir, name));
    const said = await tool('test', 'rules', ...files);
    expect(said.match(/SUCCESS/g)?.length).toBe(files.length);
  });

  test('parses every query of the dashboard', async () => {
    const file = join(dir, 'queries.yml');
    const asRules = queries.map((expr, n) => ({ record: `query:${n}`, expr: fillVariables(expr) }));
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
    expect(await tool('check', 'rules', file)).toContain(`${queries.length} rules found`);
    writeFileSync(file, stringify({ groups: [{ name: 'wrong', rules: [{ record: 'a:b', expr: 'sum(' }] }] }));
    await expect(tool('check', 'rules', file)).rejects.toThrow();
  });

  test('every metric that a rule or the dashboard names is exported by a program', async () => {
    const texts = await Promise.all([fleet.front, fleet.otherFront, fleet.node].map(scrape));
    // `up` is Prometheus' own metric.
    const told = new Set([
      ...['up', ...texts.flatMap(namesIn), ...texts.flatMap(familiesIn)],
      ...recordings.map(({ record }) => record),
    ]);
    const named = [
      ...queries.map(fillVariables),
      ...[...rules, ...recordings].map(({ expr }) => expr),
    ].flatMap(metricsIn);
    expect(new Set(named).size).toBeGreaterThan(30);
    expect([...new Set(named)].filter((name) => !told.has(name))).toEqual([]);
  });

  test('every metric of tmpfleet is on the dashboard or in a rule', async () => {
    const texts = await Promise.all([fleet.front, fleet.otherFront, fleet.node].map(scrape));
    const families = texts.flatMap(familiesIn);
    const asked = [...queries, ...[...rules, ...recordings].map(({ expr }) => expr)].join('\n');
    expect([...new Set(families)].filter((name) => !asked.includes(name ?? ''))).toEqual([]);
  });

  test('a node that was removed has no series any more', async () => {
    for (const control of [fleet.front, fleet.otherFront]) {
      const [, id = ''] = /tmpfleet_redirects_total\{node="([^"]+)"/.exec(await scrape(control)) ?? [];
      expect(id).not.toBe('');
      expect((await fetch(`${control}/api/nodes/${id}`, { method: 'DELETE' })).status).toBe(200);
      await until('its series are gone', async () => !(await scrape(control)).includes(`node="${id}"`));
    }
  });
});
