// The day as a page of the documents: what was done, on which machine, and what came of it, beside what was planned.
import { clock, spell } from './report.mjs';

/** Of the steps, those that say what a reader waits for. */
const SHOWN = {
  redirect: "the front's answer to the click",
  line: 'in line, of those who stood in it',
  claim: "the node's answer with the way into a sandbox",
  landed: 'from the click to the page',
  static: 'its static files',
  kernel: 'the kernel is ready',
  first_output: 'from the click to the first output',
  cell: 'a later line',
  reconnect: 'a WebSocket that broke is open again',
};

/** @param picture its address, seen from the page @param command what wrote all this */
export function writePage(result, { picture, command }) {
  const {
    day,
    readers,
    refused_while_free: wronged,
    line,
    slo,
    events,
    seconds,
    machine,
    processor,
  } = result;
  const { nodes, first, capacity } = day;
  return `# Measured

A day of an article's readers, in the shape of [\`tmpfleet load --shape nature-day\`](load.md), compressed to ${day.over}: ${day.readers} readers, most of
them within the two hours after the article is out at 18:00. ${first} hosts of ${capacity} slots in the morning; ${nodes - first} more join before the article is out, to
${nodes * capacity} slots; one is rotated out in the crowd by \`tmpfleet node drain\`, and the agent of another one is killed with \`kill -9\` and
started again a second later, as systemd does. Its sandboxes go on meanwhile.

Each reader clicks, loads a page with its static files, opens a kernel's WebSocket, runs a line, stays (${day.stay}), runs more, and leaves. A sandbox
ends when it has not been used for ${day.idle}. Who finds no room stands in line for ${day.patience} at most.

Hosts are node-agents with the embedded engine, sandboxes a [notebook server of a few milliseconds](../bench/nature-day/notebook.pl), and front, hosts and readers
share one machine: ${machine}. So this measures tmpfleet, and neither Docker nor a network.

\`\`\`sh
${command}
\`\`\`

![The day: readers who came and were served, slots, readers in line, and waits](${picture})

| | |
| --- | --- |
| served | ${readers.served} of ${readers.arrived} |
| refused | ${readers.refused}, of them while a slot was free: ${wronged} |
| failed | ${readers.failed} |
| most readers at a time | ${readers.open_max} |
| stood in line | ${line.readers}, ${line.longest} at a time at most; meanwhile ${(100 * line.warm_meanwhile).toFixed(1)} % of the slots were ready and not taken yet |
| sent on at once, of those who asked while a slot was free | ${slo.sent_in_time} of ${slo.asked_while_free} |
| over after | ${seconds} s |
| processor time | ${processor.generator} s the readers, ${processor.front} s the front, ${processor.nodes} s the hosts and their sandboxes |

${errorsOf(result)}
${limitsOf(result)}## What happened when

| second | hour of the day | |
| --- | --- | --- |
${events.map(({ second, hour, what }) => `| ${second} | ${clock(hour)} | ${what} |`).join('\n')}

## How long readers waited

| step | | count | p50 | p99 | longest |
| --- | --- | --- | --- | --- | --- |
${Object.entries(SHOWN)
  .filter(([step]) => result.steps[step] !== undefined)
  .map(([step, words]) => {
    const { count, p50_ms: p50, p99_ms: p99, max_ms: max } = result.steps[step];
    return `| \`${step}\` | ${words} | ${count} | ${spell(p50)} | ${spell(p99)} | ${spell(max)} |`;
  })
  .join('\n')}

## Beside the plan

\`tmpfleet plan\` was asked before, for ${nodes} such hosts the whole day long, with what a start took on this machine (${processor.start_ms} ms of a core, the agent's part
included). It knows of no host that joins, leaves or is killed, and not of the processor time of claims, pages and removals.

| | planned | with one host less | measured |
| --- | --- | --- | --- |
${comparison(result).join('\n')}
`;
}

function errorsOf({ errors }) {
  const failed = errors.filter(({ outcome }) => outcome === 'failed');
  if (failed.length === 0) return 'No reader saw an error.\n';
  const total = failed.reduce((sum, { count }) => sum + count, 0);
  const atKill = failed.reduce((sum, { count, at_kill: isOfKill }) => sum + (isOfKill ? count : 0), 0);
  const rows = failed.map(
    ({ kind, step, count, example, at_kill: isOfKill, first_second: from, last_second: to }) =>
      `| ${kind} | ${step} | ${isOfKill ? 'the killed one, after the kill' : 'any other'} | ${from} to ${to} | ${count} | ${example.replaceAll(/127\.0\.0\.1:\d+/g, '(a node)').replaceAll('|', '\\|')} |`,
  );
  return `${total} errors that readers saw, ${atKill} of them at the host whose agent was killed:

| kind | step | host | second | count | an example |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function limitsOf({ generator }) {
  if (generator.limits.length === 0) return '';
  return `The generator was near its own limit, which makes waits look longer than they were: ${generator.limits.join('; ')}.\n\n`;
}

function comparison({ plan, readers, steps, states, day }) {
  const { expected, what_if: rows } = plan;
  const [less] = rows;
  const wait = (part) => [expected, less.expected].map(({ wait_ms: waits }) => spell(waits[part]));
  const measured = steps.landed;
  const held = Math.max(...states.map((state) => state.held));
  const row = (name, cells) => `| ${[name, ...cells].join(' | ')} |`;
  return [
    row('hosts', [day.nodes, less.hosts, `${day.first} to ${day.nodes}, at the end ${day.nodes - 1}`]),
    row('refused', [expected.refused, less.expected.refused, readers.refused].map(Math.round)),
    row('stood in line', [expected.in_line, less.expected.in_line, steps.line?.count ?? 0].map(Math.round)),
    row('most sandboxes held', [expected.held_max, less.expected.held_max, held].map(Math.round)),
    row('wait, p50', [...wait('p50'), spell(measured.p50_ms)]),
    row('wait, p90', [...wait('p90'), spell(measured.p90_ms)]),
    row('wait, p99', [...wait('p99'), spell(measured.p99_ms)]),
  ];
}
