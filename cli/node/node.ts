// `tmpfleet node …`: lists the nodes of a front, adds and removes them, and sends them orders.
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { type NodesJson, nodeSchema, nodesSchema } from '../../shared/api/node.ts';
import { duration, integer } from '../../shared/config/option.ts';
import { MAX_LOG_LINES, USUAL_LOG_LINES } from '../../shared/protocol/log-wish.ts';
import { addWaitFlags, controlVerb, type Given, read } from '../control/verb.ts';
import { outputWidth } from '../terminal/fit-table.ts';
import { showLive } from '../terminal/live.ts';
import { clip } from '../terminal/text.ts';
import { addNode } from './add.ts';
import { forNode } from './ask.ts';
import { drainNode } from './drain.ts';
import { addNodeKeyCommand } from './key.ts';
import { printNodeLog } from './logs.ts';
import { nodeTable, standing } from './table.ts';

const WATCH_MS = 2_000;
const LOGS_HELP = `
  tmpfleet node logs node7 --follow                               # through the front: the beginning of the name is enough
  tmpfleet node logs --node http://127.0.0.1:10000 --lines 500    # at the node itself
The node-agent keeps its newest 2,000 lines in memory, 1 MiB at most, of this run; journalctl has all of them.`;
const FORCE = 'even if no other node takes readers';

export function addNodeCommand(group: Command): void {
  verb(
    group,
    'ls',
    'list the nodes: state, readers, slots, load, version and image; a narrow window shows less',
    listNodes,
  )
    .option('-w, --watch', 'show the list again and again, until interrupted; with --json a line each time')
    .addOption(
      new Option('--interval <time>', 'with --watch: time between two lists')
        .default(WATCH_MS, '2s')
        .argParser(read(duration(100))),
    );
  verb(group, 'add <url>', 'add a node by its public address; the front checks it first', addNode)
    .option(
      '--id <id>',
      'name of the node at the front (default: its own --node-id, or its address where that is not known)',
    )
    .option('--no-probe', 'add it without checking it first');
  verb(group, 'cordon <id>', 'send no new readers to a node; its readers stay', (given) =>
    order(given, 'cordon'),
  ).option('--force', FORCE);
  verb(group, 'uncordon <id>', 'send readers to a node again; also cancels a drain', (given) =>
    order(given, 'uncordon'),
  );
  addWaitFlags(
    verb(
      group,
      'drain <id>',
      'send no new readers to a node, and end the sandboxes that are left at a deadline',
      drainNode,
    )
      .addOption(
        new Option(
          '--deadline <time>',
          'time until the sandboxes that are left are ended (default: --drain-deadline of the node)',
        )
          .argParser(read(duration()))
          .conflicts('now'),
      )
      .option('--now', 'end all sandboxes at once, like --deadline 0')
      .option('--force', FORCE),
  );
  verb(group, 'rm <id>', 'remove a drained node from the registry', removeNode).option(
    '--force',
    'remove it even if it is not drained; its readers keep their sandboxes',
  );
  controlVerb(
    group
      .command('logs [node]')
      .description(
        "print the last lines of a node-agent's own log, through the front, or at the node itself (--node)",
      )
      .addHelpText('after', LOGS_HELP),
    'either',
    printNodeLog,
  )
    .option('-f, --follow', 'go on with what is written from now on; with --json, lines as they were written')
    .addOption(
      new Option('-n, --lines <n>', 'how many lines: the newest')
        .default(USUAL_LOG_LINES)
        .argParser(read(integer(1, MAX_LOG_LINES))),
    );
  addNodeKeyCommand(group);
}

function verb(group: Command, words: string, help: string, run: (given: Given) => Promise<void>): Command {
  return controlVerb(group.command(words).description(help), 'front', run);
}

async function listNodes({ client, flags, print }: Given): Promise<void> {
  const look = (): Promise<NodesJson> => client.send({ path: '/api/nodes', schema: nodesSchema });
  const none = `The front at ${client.url} has no nodes yet: tmpfleet node add <url>`;
  const table = ({ nodes }: NodesJson, width: number): readonly string[] =>
    nodes.length === 0 ? [none] : nodeTable(nodes, Date.now(), width);
  if (flags.watch !== true) {
    const answer = await look();
    print(answer, () => table(answer, outputWidth()).join('\n'));
    return;
  }
  const interval = Number(flags.interval);
  if (flags.json !== true && process.stdout.isTTY) {
    await showLive({
      ...{ look, interval },
      draw: (seen, { columns, rows }, trouble) =>
        [...(trouble === undefined ? [] : [clip(trouble, columns)]), ...table(seen, columns)].slice(0, rows),
    });
  }
  for (;;) {
    const answer = await look();
    const text =
      flags.json === true ? JSON.stringify(answer) : `${table(answer, outputWidth()).join('\n')}\n`;
    process.stdout.write(`${text}\n`);
    await delay(interval);
  }
}

async function order({ client, args: [id = ''], flags, print }: Given, what: string): Promise<void> {
  const body = { force: flags.force === true };
  const node = await forNode(client, id, (path) =>
    client.send({ method: 'POST', path: `${path}/${what}`, body, schema: nodeSchema }),
  );
  print(node, () => standing(node, Date.now()));
}

async function removeNode({ client, args: [id = ''], flags, print }: Given): Promise<void> {
  const removed = await forNode(
    client,
    id,
    (path) =>
      client.send({
        method: 'DELETE',
        path: flags.force === true ? path : `${path}?if=empty`,
        schema: z.looseObject({ removed: z.string() }),
      }),
    { exact: true },
  );
  print(removed, () => `${removed.removed} was removed. Its node-agent still runs; stop it on its host.`);
}
