// The tables of the bench, on the terminal and in the documents.

const SERVER = {
  claim: "the node's answer with the way into a sandbox",
  page: "the notebook's page",
  session: 'its session',
  websocket: "the kernel's WebSocket is open",
  kernel: 'the kernel has answered who it is',
  output: 'the output of the cell',
  first_output: '**from the click to the first output**',
};
const BROWSER = {
  page: "the page's first byte",
  rendered: 'the notebook is rendered',
  kernel: 'the kernel is idle in the page',
  first_output: '**the first output**',
};
const ENGINES = { docker: 'in Docker', local: 'as processes of the embedded engine' };
const APPS = { notebook: 'Notebook 6', lab: 'JupyterLab 4' };

export function print(app, { server, browser, clicks, at_once: atOnce }) {
  console.log(`${APPS[app]}: ms, p50 and p99 of ${clicks} clicks`);
  const columns = { primed: 'primed', unprimed: 'not primed' };
  table({ ...columns, at_once: `primed, ${atOnce} at once` }, SERVER, {
    ...{ primed: server.primed.steps, unprimed: server.unprimed.steps, at_once: server.at_once.steps },
  });
  if (browser !== undefined) table(columns, BROWSER, browser);
}

function table(columns, steps, cells) {
  console.log(
    `\n${' '.repeat(48)}${Object.values(columns)
      .map((name) => name.padStart(24))
      .join('')}`,
  );
  for (const [step, words] of Object.entries(steps))
    console.log(
      `${words.replaceAll('*', '').padEnd(48)}${Object.keys(columns)
        .map((name) => cell(cells[name][step]).padStart(24))
        .join('')}`,
    );
}

const cell = (found) =>
  found === undefined ? '' : `${Math.round(found.p50_ms)} / ${Math.round(found.p99_ms)}`;

/** A section of the documents. */
export function writePage({ machine, apps }) {
  const first = Object.values(apps)[0];
  return `## From the click to the first output

A real Jupyter (${Object.entries(apps)
    .map(([app, { engine }]) => `${APPS[app]} ${ENGINES[engine]}`)
    .join(
      ', ',
    )}), whose notebook's kernel runs before the click (\`--prime intro.ipynb\`), beside one whose kernel starts when its page
asks for it. Both nodes ran at the same time on one machine, and clicks took turns: ${machine}. The machine did other work meanwhile (load
${Object.entries(apps)
  .map(([app, { load_before: load }]) => `${load.toFixed(1)} before ${APPS[app]}`)
  .join(
    ', ',
  )}), so compare the columns. \`npm run bench:first-output\`; milliseconds, p50 / p99 of ${first.clicks} clicks.

What the servers take: readers without a browser ask what the page asks, and run the first cell. Times of the steps follow on each other.

| | ${Object.keys(apps)
    .flatMap((app) => [`${APPS[app]}, primed`, 'not primed', `primed, ${apps[app].at_once} at once`])
    .join(' | ')} |
|${' --- |'.repeat(1 + 3 * Object.keys(apps).length)}
${Object.entries(SERVER)
  .map(([step, words]) => {
    const cells = Object.values(apps).flatMap(({ server }) =>
      ['primed', 'unprimed', 'at_once'].map((name) => cell(server[name].steps[step])),
    );
    return `| ${[words, ...cells].join(' | ')} |`;
  })
  .join('\n')}
${browserTable(Object.entries(apps).filter(([, { browser }]) => browser !== undefined))}`;
}

function browserTable(apps) {
  if (apps.length === 0) return '';
  const head = apps.flatMap(([app]) => [`${APPS[app]}, primed`, 'not primed']);
  const rows = Object.entries(BROWSER).map(([step, words]) => {
    const cells = apps.flatMap(([, { browser }]) => [browser.primed[step], browser.unprimed[step]].map(cell));
    return `| ${[words, ...cells].join(' | ')} |`;
  });
  return `
What a reader sees in Chromium on the same machine, each in a context of their own, without a cache. Times count from the click.

| | ${head.join(' | ')} |
|${' --- |'.repeat(1 + head.length)}
${rows.join('\n')}
`;
}
