// The script of the HTML report: four plots over the same time, with one cursor. It runs in a browser, as it stands here.

export const CHARTS = `
const { slices, fleet, steps } = JSON.parse(document.getElementById('report').textContent);
const COLOURS = ['#2f6fde', '#1f7a3d', '#b3261e', '#b26a00', '#7b3fb5', '#00838f', '#ad1457', '#5d4037', '#546e7a', '#9e9d24'];
const dim = getComputedStyle(document.body).getPropertyValue('--dim') || '#666', line = getComputedStyle(document.body).getPropertyValue('--line') || '#ddd';
const last = slices.length === 0 ? 1 : slices[slices.length - 1].second + (slices.length > 1 ? slices[1].second - slices[0].second : 1);
const axis = (more) => ({ stroke: dim, grid: { stroke: line }, ticks: { stroke: line }, ...more });
const plots = [];
function plot(id, seconds, series, { log = false, unit = '' } = {}) {
  const place = document.getElementById(id);
  const drawn = series.filter(({ values }) => values.some((value) => value !== null && value !== 0));
  if (drawn.length === 0) { place.textContent = 'nothing to show'; place.classList.remove('plot'); return; }
  const value = (_, number) => number === null || number === undefined ? '' : (Math.round(number * 100) / 100) + unit;
  const options = {
    width: place.clientWidth - 32, height: 260, cursor: { sync: { key: 'load' } },
    scales: { x: { time: false, range: [0, last] }, y: log ? { distr: 3 } : { range: (_, min, max) => [0, Math.max(1, max * 1.05)] } },
    axes: [axis({ values: (_, all) => all.map((each) => each + ' s') }), axis({ size: 70, values: (_, all) => all.map((each) => each === null ? '' : each + unit) })],
    series: [{ label: 'second', value: (_, number) => number === null || number === undefined ? '' : String(number) }, ...drawn.map(({ label, colour, dash, hidden }) => ({ label, stroke: colour, width: 2, dash, value, show: !hidden, spanGaps: true, points: { show: seconds.length < 60 } }))],
  };
  plots.push({ place, chart: new uPlot(options, [seconds, ...drawn.map(({ values }) => values)], place) });
}
const seconds = slices.map(({ second }) => second);
const length = seconds.length > 1 ? seconds[1] - seconds[0] : 1;
const count = (name) => slices.map((slice) => slice[name] / length);
plot('arrivals', seconds, [
  { label: 'arrived', colour: COLOURS[0], values: count('arrived') }, { label: 'served', colour: COLOURS[1], values: count('served') },
  { label: 'refused', colour: COLOURS[3], values: count('refused') }, { label: 'failed', colour: COLOURS[2], values: count('failed') },
], { unit: '/s' });
const SHOWN = ['redirect', 'claim', 'landed', 'first_output', 'spawn'];
plot('latency', seconds, steps.flatMap((step, index) => {
  const of = (name) => slices.map((slice) => slice.steps[step] === undefined ? null : Math.max(slice.steps[step][name], 0.01));
  const hidden = steps.some((each) => SHOWN.includes(each)) && !SHOWN.includes(step), colour = COLOURS[index % COLOURS.length];
  return [{ label: step + ' p50', colour, values: of('p50'), dash: [6, 4], hidden }, { label: step + ' p99', colour, values: of('p99'), hidden }];
}), { log: true, unit: ' ms' });
plot('fleet', fleet.map(({ second }) => second), ['capacity', 'available', 'held', 'warm', 'starting', 'waiting', 'nodes', 'nodes_down'].map((name, index) => ({ label: name.replace('_', ' '), colour: COLOURS[index], values: fleet.map((sample) => sample[name]) })));
plot('errors', seconds, [{ label: 'errors', colour: COLOURS[2], values: count('errors') }, { label: 'refused', colour: COLOURS[3], values: count('refused') }], { unit: '/s' });
addEventListener('resize', () => { for (const { place, chart } of plots) chart.setSize({ width: place.clientWidth - 32, height: 260 }); });
`;
