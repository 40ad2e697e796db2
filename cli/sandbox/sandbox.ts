// `tmpfleet sandbox …`: a node's sandboxes one by one, at the node's own control listener.
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { type SandboxJson, sandboxSchema } from '../../shared/api/sandbox.ts';
import { shortId } from '../../shared/clock.ts';
import { spellDuration } from '../../shared/config/units.ts';
import { SANDBOX_STATES } from '../../shared/protocol/sandbox-state.ts';
import { SAVE_FORMATS } from '../../shared/protocol/save.ts';
import type { ControlClient } from '../control/client.ts';
import { controlVerb, type Given } from '../control/verb.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';
import { suggest } from '../terminal/nearest.ts';
import { printable, tableLines } from '../terminal/text.ts';
import { EXEC_HELP, runInSandbox } from './exec.ts';
import { printLogs } from './logs.ts';
import { SAVE_HELP, saveSandbox } from './save.ts';

/** Fewer letters of an id could mean another by a slip of the finger. */
const LEAST_PREFIX = 4;

export function addSandboxCommand(group: Command): void {
  controlVerb(group.command('ls').description('list sandboxes, oldest first'), 'node', list)
    .addOption(new Option('--state <state>', 'only sandboxes in this state').choices(SANDBOX_STATES))
    .option('--full-ids', 'print whole ids; an id is all that is needed to open its sandbox');
  controlVerb(
    group.command('logs <id>').description('print what a sandbox printed last (at most 4 KiB)'),
    'node',
    (given) => printLogs(given, async () => resolve(given.args[0] ?? '', await fetchAll(given.client))),
  ).option('-f, --follow', 'go on with what it prints from now on, until it ends');
  controlVerb(
    group
      .command('exec <id> <command...>')
      .description('run a command in a sandbox, as its user')
      .usage('[options] <id> -- <command...>')
      .addHelpText('after', EXEC_HELP),
    'node',
    (given) => runInSandbox(given, async () => resolve(given.args[0] ?? '', await fetchAll(given.client))),
  ).option('-i, --stdin', 'pass standard input on to the command');
  controlVerb(
    group
      .command('save <id>')
      .description('write the files of a sandbox to one archive')
      .addHelpText('after', SAVE_HELP),
    'node',
    (given) => saveSandbox(given, async () => resolve(given.args[0] ?? '', await fetchAll(given.client))),
  )
    .option('-o, --output <file>', 'where to write it; - for standard output (default: notebook-ID.FORMAT)')
    .addOption(
      new Option('--format <format>', 'form of the archive').choices(SAVE_FORMATS).default(SAVE_FORMATS[0]),
    )
    .option('--all', 'also what its reader has not changed');
  controlVerb(
    group
      .command('rm <id...>')
      .description(
        `end sandboxes, claimed or not; ${LEAST_PREFIX} letters of an id are enough where they are unique`,
      ),
    'node',
    remove,
  );
}

async function list({ client, flags, print }: Given): Promise<void> {
  const all = await fetchAll(client);
  const shown = flags.state === undefined ? all : all.filter(({ state }) => state === flags.state);
  print(shown, () => (shown.length === 0 ? 'none' : table(shown, flags.fullIds === true, Date.now())));
}

function table(rows: readonly SandboxJson[], full: boolean, now: number): string {
  const ago = (iso: string | null): string => (iso === null ? '-' : spellDuration(now - Date.parse(iso)));
  return tableLines<SandboxJson>(
    [
      { head: 'ID', cell: ({ id }) => (full ? id : shortId(id)) },
      { head: 'STATE', cell: stateCell },
      { head: 'AGE', side: 'right', cell: ({ created_at: at }) => ago(at) },
      { head: 'CLAIMED', side: 'right', cell: ({ claimed_at: at }) => ago(at) },
      { head: 'LAST USE', side: 'right', cell: ({ last_used_at: at }) => ago(at) },
      { head: 'CLICK', cell: ({ click }) => click ?? '-' },
      { head: 'ENGINE ADDRESS', cell: ({ address }) => address ?? '-' },
      { head: 'IMAGE', cell: ({ image }) => image },
    ],
    rows,
  ).join('\n');
}

function stateCell({ state, frozen, end_reason: end }: SandboxJson): string {
  if (end !== null) return `${state}: ${end}`;
  return frozen ? `${state}, frozen` : state;
}

/** Every id is looked up before the first sandbox ends: all or none. */
async function remove({ client, args, print }: Given): Promise<void> {
  const all = await fetchAll(client);
  const ids = [...new Set(args.map((given) => resolve(given, all)))];
  const ended: SandboxJson[] = [];
  for (const id of ids) {
    ended.push(await client.send({ method: 'DELETE', path: `/api/sandboxes/${id}`, schema: sandboxSchema }));
  }
  print(ended, () =>
    ended.map(({ id, end_reason: end }) => `${shortId(id)} ends (${printable(end ?? '')})`).join('\n'),
  );
}

function resolve(given: string, all: readonly SandboxJson[]): string {
  const ids = all.map(({ id }) => id);
  if (ids.includes(given)) return given;
  const begun = given.length < LEAST_PREFIX ? [] : ids.filter((id) => id.startsWith(given));
  const [only] = begun;
  if (only !== undefined && begun.length === 1) return only;
  const [message, remedy] =
    begun.length > 1
      ? [`${begun.length} sandboxes here begin with ${JSON.stringify(given)}`, 'give more of the id']
      : [`no sandbox here is called ${JSON.stringify(given)}`, suggest(given, ids.map(shortId), 'sandboxes')];
  throw new CommandError(EXIT.refused, 'not-found', message, { remedy });
}

function fetchAll(client: ControlClient): Promise<SandboxJson[]> {
  return client.send({ path: '/api/sandboxes', schema: z.array(sandboxSchema) });
}
