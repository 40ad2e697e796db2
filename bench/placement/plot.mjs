// Draws the table: a group of bars per scenario, a bar per policy, showing the share of readers who missed.

const COLOURS = ['#0b6e4f', '#c8553d', '#e0a458', '#7d8597', '#33415c'];
const WIDTH = 900;
const LEFT = 300;
const BAR = 13;
/** Percent at the left and right edges of a logarithmic axis. */
const LOW = 0.001;
const HIGH = 100;

/** @returns {string} an SVG document */
export function plot(results) {
  const names = [...new Set(results.map(({ scenario }) => scenario))];
  const policies = [...new Set(results.map(({ policy }) => policy))];
  const group = policies.length * BAR + 16;
  const height = 70 + names.length * group;
  const x = (percent) =>
    LEFT + ((WIDTH - LEFT - 70) * Math.log10(Math.max(LOW, percent) / LOW)) / Math.log10(HIGH / LOW);
  const parts = [];
  for (let tick = LOW; tick <= HIGH * 1.01; tick *= 10) {
    parts.push(
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="40" y2="${height - 24}" stroke="#ddd"/>`,
      `<text x="${x(tick)}" y="${height - 8}" text-anchor="middle">${Number(tick.toPrecision(1))} %</text>`,
    );
  }
  for (const [index, policy] of policies.entries()) {
    const left = 12 + index * 170;
    parts.push(
      `<rect x="${left}" y="12" width="12" height="12" fill="${colour(index)}"/>`,
      `<text x="${left + 18}" y="22">${escapeText(policy)}</text>`,
    );
  }
  for (const [at, name] of names.entries()) {
    const top = 44 + at * group;
    parts.push(
      `<text x="${LEFT - 10}" y="${top + group / 2 - 4}" text-anchor="end">${escapeText(name)}</text>`,
    );
    for (const [index, policy] of policies.entries()) {
      const missed =
        results.find((result) => result.scenario === name && result.policy === policy)?.missed ?? 0;
      const y = top + index * BAR;
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${Math.max(1, x(missed) - LEFT)}" height="${BAR - 2}" fill="${colour(index)}"/>`,
        `<text x="${Math.max(LEFT + 1, x(missed)) + 4}" y="${y + 10}">${missed === 0 ? '0' : missed.toPrecision(2)}</text>`,
      );
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    '<title>Readers who found nothing warm while a warm sandbox stood elsewhere, percent</title>',
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function colour(index) {
  return COLOURS[index % COLOURS.length];
}

function escapeText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
