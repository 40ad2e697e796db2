// The report as one HTML file that works offline: figures, tables, and plots by uPlot, which is in the file.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PALETTE, paletteStyle } from '../../../shared/brand/palette.ts';
import { escapeHtml } from '../../../shared/http/page.ts';
import { CHARTS } from './html-charts.ts';
import type { Report } from './report.ts';
import { spellMs, summarize } from './summary.ts';
import type { Judgement } from './thresholds.ts';

const require = createRequire(import.meta.url);

const STYLE = `
body { margin: 0 auto; max-width: 75rem; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.dim { color: var(--dim); } .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem; overflow-x: auto; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; } .figures li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .6rem 1rem; }
.figures b { display: block; font-size: 1.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; } th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); } th:first-child, td:first-child, td.text, th.text { text-align: left; overflow-wrap: anywhere; }
.bad { border-left: 6px solid #b3261e; } .good { border-left: 6px solid #1f7a3d; }
.u-legend { font-size: .85rem; } .plot { min-height: 16rem; } .uplot, .uplot * { box-sizing: content-box; }
`;

export function makeHtml(report: Report, judgements: readonly Judgement[]): string {
  const uplot = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const title = `Load on ${report.url}`;
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src ${[uplot, CHARTS].map(hashOf).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}"><title>${escapeHtml(title)}</title>
<style>${paletteStyle(PALETTE)}${style}${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
<p class="dim">${escapeHtml(`${report.started_at}, profile ${report.profile}, ${report.arrivals}, ${report.model} model, seed ${report.seed}${report.interrupted ? ', interrupted' : ''}`)}</p>
${verdicts(report, judgements)}${figures(report)}
<h2>Arrivals and outcomes</h2><div class="card plot" id="arrivals"></div>
<h2>Latency by step</h2><p class="dim">p50 and p99 of each slice of ${report.slice_seconds} s; click a name in the legend to hide it. What is counted from the click begins when the reader was due.</p><div class="card plot" id="latency"></div>
<h2>The fleet</h2><p class="dim">What its /stats said meanwhile.</p><div class="card plot" id="fleet"></div>
<h2>Errors</h2><div class="card plot" id="errors"></div>
${tables(report)}
<h2>In words</h2><pre class="card">${escapeHtml(summarize(report, judgements))}</pre>
<script type="application/json" id="report">${embedded(plotted(report))}</script>
<script>${uplot}</script><script>${CHARTS}</script></body></html>
`;
}

/** What the plots need: the histograms stay out, which are most of a report. */
function plotted({ slices, fleet, steps }: Report): object {
  const short = slices.map(({ steps: times, ...rest }) => ({
    ...rest,
    steps: Object.fromEntries(
      Object.entries(times).map(([step, { count, p50_ms: p50, p99_ms: p99 }]) => [step, { count, p50, p99 }]),
    ),
  }));
  return { slices: short, fleet, steps: Object.keys(steps) };
}

/** JSON inside a script element: what a fleet or a sandbox has said must not end the element. */
function embedded(value: object): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function hashOf(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

function verdicts({ generator }: Report, judgements: readonly Judgement[]): string {
  const limit =
    generator.limits.length === 0
      ? ''
      : `<p class="card bad"><b>The generator was the limit,</b> so these figures say nothing about the fleet: ${escapeHtml(generator.limits.join('; '))}</p>`;
  const each = judgements.map(
    ({ text, ok, actual }) =>
      `<p class="card ${ok ? 'good' : 'bad'}"><b>${ok ? 'kept' : 'missed'}</b> <code>${escapeHtml(text)}</code>: ${escapeHtml(actual)}</p>`,
  );
  return limit + each.join('');
}

function figures({ readers, steps, seconds }: Report): string {
  const { arrived, served, refused, failed, open_max: most } = readers;
  const first = steps.first_output ?? steps.landed;
  const list: readonly (readonly [string, string])[] = [
    ['readers', String(arrived)],
    ['served', String(served)],
    ['refused', String(refused)],
    ['failed', String(failed)],
    ['at a time, at most', String(most)],
    ['seconds', String(Math.round(seconds))],
    ...(first === undefined
      ? []
      : ([
          [`${steps.first_output === undefined ? 'page' : 'first output'}, p50`, spellMs(first.p50_ms)],
          [`${steps.first_output === undefined ? 'page' : 'first output'}, p99`, spellMs(first.p99_ms)],
        ] as const)),
  ];
  return `<ul class="figures">${list.map(([name, value]) => `<li><b>${escapeHtml(value)}</b>${name}</li>`).join('')}</ul>`;
}

function tables({ steps, nodes, statuses, errors }: Report): string {
  const timesRow = (name: string, times: Report['steps'][string]): readonly string[] => [
    name,
    String(times.count),
    ...[times.p50_ms, times.p90_ms, times.p99_ms, times.p999_ms, times.max_ms].map(spellMs),
  ];
  const heads = ['count', 'p50', 'p90', 'p99', 'p99.9', 'max'];
  return [
    section(
      'Steps',
      ['step', ...heads],
      Object.entries(steps).map(([step, times]) => timesRow(step, times)),
    ),
    section(
      'Nodes',
      ['node and step', ...heads],
      Object.entries(nodes).flatMap(([node, each]) =>
        Object.entries(each).map(([step, times]) => timesRow(`${node}: ${step}`, times)),
      ),
    ),
    section(
      'Answers',
      ['step', 'statuses'],
      Object.entries(statuses).map(([step, counts]) => [
        step,
        Object.entries(counts)
          .map(([status, count]) => `${status} × ${count}`)
          .join(', '),
      ]),
    ),
    section(
      'What went wrong, with an example each',
      ['kind', 'step', 'node', 'count', 'example'],
      errors.map(({ outcome, kind, step, node, count, example }) => [
        `${outcome}: ${kind}`,
        ...[step, node, String(count), example],
      ]),
    ),
  ].join('');
}

function section(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const isNumber = first.map((cell) => /^[\d.]+(?: m?s)?$/.test(cell));
  const cells = (tag: 'th' | 'td', row: readonly string[]): string =>
    row
      .map((cell, place) => `<${tag}${isNumber[place] ? '' : ' class="text"'}>${escapeHtml(cell)}</${tag}>`)
      .join('');
  return `<h2>${title}</h2><div class="card"><table><tr>${cells('th', heads)}</tr>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</table></div>`;
}
