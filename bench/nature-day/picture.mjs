// The day as one SVG: who came and who was served, what was in the slots, who stood in line, and how long readers waited. Events stand
// as lines across all of it.

const WIDTH = 1_000;
const LEFT = 64;
const RIGHT = 16;
const HEIGHT = 190;
const GAP = 58;
const TOP = 64;
const INK = '#1c1b1a';
const DIM = '#6b6862';
const RULE = '#dcd8d0';
const COLOURS = {
  blue: '#2f6fde',
  green: '#1f7a3d',
  red: '#b3261e',
  orange: '#b26a00',
  violet: '#7b3fb5',
  sand: '#d9cfb8',
};

export function drawPicture({ day, slices, states, events, readers, seconds }) {
  const last = Math.max(seconds, slices.at(-1)?.second ?? 0, 1);
  const x = (second) => LEFT + ((WIDTH - LEFT - RIGHT) * second) / last;
  const rate = (name) =>
    smooth(slices.map((slice) => ({ second: slice.second, value: slice[name] / slice.seconds })));
  const state = (of) => states.map((each) => ({ second: each.second, value: of(each) }));
  const wait = (name) =>
    slices
      .filter((slice) => slice[name] !== null)
      .map((slice) => ({ second: slice.second, value: slice[name] }));
  const plots = [
    {
      title: 'readers a second',
      lines: [
        { label: 'came', colour: COLOURS.blue, points: rate('arrived') },
        { label: 'served', colour: COLOURS.green, points: rate('served') },
        { label: 'errors', colour: COLOURS.red, points: rate('errors') },
      ],
    },
    {
      title: 'slots',
      lines: [
        { label: 'capacity', colour: INK, points: state(({ capacity }) => capacity) },
        { label: 'with a reader', colour: COLOURS.blue, points: state(({ held }) => held) },
        { label: 'ready', colour: COLOURS.green, points: state(({ warm }) => warm) },
        {
          label: 'starting or being removed',
          colour: COLOURS.orange,
          points: state(({ starting, removing }) => starting + removing),
        },
      ],
    },
    {
      title: 'readers in line',
      lines: [{ label: 'in line', colour: COLOURS.violet, points: state((each) => each.in_line) }],
    },
    {
      title: 'from the click to the first output (s)',
      isLog: true,
      lines: [
        { label: 'p50', colour: COLOURS.blue, points: wait('p50_ms').map(inSeconds) },
        { label: 'p99', colour: COLOURS.red, points: wait('p99_ms').map(inSeconds) },
      ],
    },
  ];
  const bottom = TOP + plots.length * (HEIGHT + GAP);
  const rows = Math.ceil(events.length / 3);
  const height = bottom + rows * 18 + 8;
  const title = `${day.readers} readers in a day of ${day.over}: ${readers.served} served, ${readers.refused} refused, ${readers.failed} failed`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="${INK}">
<title>${title}</title><rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${LEFT}" y="24" font-size="16">${title}</text>
${plots.map((plot, index) => drawPlot(plot, TOP + index * (HEIGHT + GAP), { x, last })).join('\n')}
${drawEvents(events, x, bottom)}
${listEvents(events, bottom, rows)}
</svg>
`;
}

function drawPlot({ title, lines, isLog = false }, top, { x, last }) {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  const most = Math.max(...values, isLog ? 1 : 1e-9);
  const least = isLog ? Math.max(0.001, Math.min(...values.filter((value) => value > 0), 1)) : 0;
  const bottom = top + HEIGHT;
  const part = (value) =>
    isLog ? Math.log(Math.max(value, least) / least) / Math.log((most * 1.1) / least) : value / (most * 1.05);
  const y = (value) => bottom - HEIGHT * part(value);
  const ticks = isLog ? powersWithin(least, most) : roundTicks(most);
  const path = (points) =>
    points
      .map(
        ({ second, value }, index) =>
          `${index === 0 ? 'M' : 'L'}${x(second).toFixed(1)} ${y(value).toFixed(1)}`,
      )
      .join('');
  let at = LEFT + 250;
  const legend = lines.map(({ label, colour }) => {
    const text = `<text x="${at}" y="${top - 8}" fill="${colour}">${label}</text>`;
    at += 30 + 7.2 * label.length;
    return text;
  });
  const hours = [0, 6, 12, 18, 24].map((hour) => ({ hour, second: (hour / 24) * last }));
  return [
    `<text x="${LEFT}" y="${top - 8}" fill="${DIM}">${title}</text>${legend.join('')}`,
    ...ticks.map(
      (tick) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="${RULE}"/><text x="${LEFT - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end" fill="${DIM}">${tick}</text>`,
    ),
    ...hours.map(
      ({ second }) =>
        `<text x="${x(second).toFixed(1)}" y="${bottom + 16}" text-anchor="middle" fill="${DIM}">${Math.round(second)} s</text>`,
    ),
    ...lines.map(
      ({ points, colour }) => `<path d="${path(points)}" fill="none" stroke="${colour}" stroke-width="1.6"/>`,
    ),
  ].join('\n');
}

/** In three columns. */
function listEvents(events, top, rows) {
  return events
    .map(({ second, what }, index) => {
      const [column, row] = [Math.floor(index / rows), index % rows];
      const x = LEFT + column * ((WIDTH - LEFT - RIGHT) / 3);
      return `<text x="${x.toFixed(0)}" y="${top + 18 * row}" font-size="12" fill="${DIM}">${index + 1}: ${Math.round(second)} s, ${what}</text>`;
    })
    .join('\n');
}

function drawEvents(events, x, bottom) {
  return events
    .map(({ second, what }, index) => {
      const at = x(second).toFixed(1);
      return `<line x1="${at}" x2="${at}" y1="${TOP - 18}" y2="${bottom - GAP}" stroke="${COLOURS.sand}" stroke-dasharray="3 3"><title>${what}</title></line><text x="${at}" y="${TOP - 22}" text-anchor="middle" font-size="10" fill="${DIM}">${index + 1}</text>`;
    })
    .join('\n');
}

/** Over five slices: a Poisson process by the second is mostly noise. */
function smooth(points) {
  return points.map(({ second }, index) => {
    const near = points.slice(Math.max(0, index - 2), index + 3);
    return { second, value: near.reduce((sum, { value }) => sum + value, 0) / near.length };
  });
}

function inSeconds({ second, value }) {
  return { second, value: value / 1_000 };
}

function roundTicks(most) {
  const step = [1, 2, 5].flatMap((digit) => [0.1, 1, 10, 100, 1_000, 10_000].map((power) => digit * power));
  const size = step.sort((one, other) => one - other).find((each) => most / each <= 5) ?? most;
  return Array.from({ length: Math.floor(most / size) + 1 }, (_, index) => Number((index * size).toFixed(2)));
}

function powersWithin(least, most) {
  return [0.001, 0.01, 0.1, 1, 10, 100, 1_000].filter((power) => power >= least && power <= most * 1.1);
}
