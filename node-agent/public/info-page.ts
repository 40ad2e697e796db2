// A page with a live chart of the node's slots by state, for operators.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '../../shared/http/page.ts';

const require = createRequire(import.meta.url);

/** The published build of uPlot, served from here so that the page loads nothing from elsewhere. */
export const INFO_ASSETS: Readonly<Record<string, { readonly type: string; readonly read: () => Buffer }>> = {
  '/info/uplot.js': {
    type: 'text/javascript; charset=utf-8',
    read: () => readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js')),
  },
  '/info/uplot.css': {
    type: 'text/css; charset=utf-8',
    read: () => readFileSync(require.resolve('uplot/dist/uPlot.min.css')),
  },
};

const SCRIPT = `
const names = ['held', 'warm', 'starting', 'removing'];
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const colours = dark ? ['#f0884a', '#6fbf8b', '#7aa7e8', '#9a9a9a'] : ['#b4450f', '#2c7a4b', '#2b5fb0', '#77746f'];
const data = [[], [], [], [], []];
const chart = document.getElementById('chart');
const axis = { stroke: dark ? '#a3a19c' : '#5d636b', grid: { stroke: dark ? '#33353a' : '#e8e5df' } };
const format = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const time = (seconds) => (seconds == null ? '–' : format.format(seconds * 1000));
const size = () => ({ width: chart.clientWidth, height: Math.max(220, Math.min(380, chart.clientWidth * 0.45)) });
const plot = new uPlot({
  ...size(),
  scales: { x: { range: (u, min, max) => [Math.min(min, (max ?? Date.now() / 1000) - 60), max ?? Date.now() / 1000] }, y: { range: (u, min, max) => [0, Math.max(1, u.capacity || max)] } },
  axes: [{ ...axis, space: 90, values: (u, ticks) => ticks.map(time) }, { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] }],
  series: [{ label: 'time', value: (u, seconds) => time(seconds) }, ...names.map((label, i) => ({ label, stroke: colours[i], width: 2, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) }))],
}, data, chart);
addEventListener('resize', () => plot.setSize(size()));
const show = (id, text) => { document.getElementById(id).textContent = text; };
async function tick() {
  try {
    const stats = await (await fetch('/stats', { cache: 'no-store' })).json();
    const fleet = stats.fleet;
    data[0].push(Date.now() / 1000);
    names.forEach((name, i) => data[i + 1].push(fleet[name]));
    if (data[0].length > 900) data.forEach((column) => column.shift());
    plot.capacity = fleet.capacity;
    plot.setData(data);
    show('state', fleet.state);
    for (const name of [...names, 'frozen', 'capacity', 'claims']) show(name, fleet[name]);
    show('image', fleet.image);
    show('load', Math.round(fleet.load * 100) + ' %');
    document.body.classList.remove('lost');
    show('live', 'live');
  } catch { document.body.classList.add('lost'); show('live', 'no answer; trying again'); }
}
tick(); setInterval(tick, 1000);
`;

/** Where the name in the report does not say what it is a part of. */
const LABELS: Readonly<Record<string, string>> = {
  load: 'load for each core',
  frozen: 'of these frozen',
};

/** @param nodeId safe in HTML, because of its grammar */
export function infoPage(nodeId: string): Page {
  const cells = ['held', 'frozen', 'warm', 'starting', 'removing', 'capacity', 'claims', 'load']
    .map((name) => `<div><dt>${LABELS[name] ?? name}</dt><dd id="${name}">–</dd></div>`)
    .join('');
  return {
    title: `Node ${nodeId}`,
    head: `<link rel="stylesheet" href="/info/uplot.css"><script src="/info/uplot.js"></script><style>
dl { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; margin: 1rem 0; } dt { color: var(--dim); font-size: .85rem; } dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
#live::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; background: #2c7a4b; margin-right: .4em; } .lost #live::before { background: #b3261e; }
#chart { width: 100%; overflow: hidden; } .u-legend { color: var(--ink); font-size: .9rem; }</style>`,
    body: `<div data-wide><h1>Node ${nodeId}: <span id="state">…</span></h1>
<p class="dim"><span id="live" role="status">connecting</span> · <code id="image"></code></p><dl>${cells}</dl><div id="chart"></div></div>`,
    script: SCRIPT,
  };
}
