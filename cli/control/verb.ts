// What the verbs that ask a control listener have in common: where it is, the token, --json, and how they end.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { controlTokenOption } from '../../shared/config/common.ts';
import { loadConfig, unknownEnvironment } from '../../shared/config/load.ts';
import { address, duration, type Kind } from '../../shared/config/option.ts';
import { FleetError } from '../../shared/errors.ts';
import { CommandError, EXIT, reportFailure } from '../terminal/exit.ts';
import { suggest } from '../terminal/nearest.ts';
import { ControlClient, ControlRefusal, type Who } from './client.ts';

/** Whom a verb asks: a front, a node, or the one that the command line names (a node, unless it names a front). */
export type Whom = Who | 'either';

export interface Given {
  readonly client: ControlClient;
  readonly who: Who;
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
  /** Prints the value with --json, else the text. */
  readonly print: (value: unknown, text: () => string) => void;
}

const PLACES: Readonly<Record<Who, Option>> = {
  front: new Option('--front <url>', "control listener of the redirector (not its readers' address)")
    .env('TMPFLEET_FRONT')
    .default('http://127.0.0.1:9001'),
  node: new Option('--node <url>', "control listener of the node-agent (not its readers' address)")
    .env('TMPFLEET_NODE')
    .default('http://127.0.0.1:10000'),
};
for (const place of Object.values(PLACES)) place.argParser(read(address()));

/**
 * Gives a command its place, token and --json, and runs it. A group of verbs gets the same flags, so that they may also
 * stand before the verb (`pool --node URL status`).
 * @param run may return an exit code other than 0
 * @returns the command, for more flags
 */
export function controlVerb(command: Command, whom: Whom, run: (given: Given) => Promise<unknown>): Command {
  const group = command.parent;
  if (group !== null && group.parent !== null && group.options.length === 0) addControlFlags(group, whom);
  return addControlFlags(command, whom).action(async () => {
    // `tmpfleet node ls | head` is no failure.
    process.stdout.on('error', () => process.exit());
    try {
      await warnOfUnknownVariables();
      const code = await run(gather(command, whom));
      process.exitCode = typeof code === 'number' ? code : EXIT.ok;
    } catch (error) {
      process.exitCode = reportFailure(error);
    }
  });
}

/** The environment may have options of the servers too. Their tables are loaded only where something may be misspelt. */
async function warnOfUnknownVariables(): Promise<void> {
  const given = unknownEnvironment(process.env, { controlToken: controlTokenOption });
  if (given.length === 0) return;
  const { nodeAgentOptions } = await import('../../node-agent/config.ts');
  const { redirectorOptions } = await import('../../redirector/config.ts');
  for (const warning of unknownEnvironment(process.env, { ...redirectorOptions, ...nodeAgentOptions }))
    process.stderr.write(`tmpfleet: ${warning}\n`);
}

function addControlFlags(command: Command, whom: Whom): Command {
  for (const who of whom === 'either' ? (['node', 'front'] as const) : [whom]) command.addOption(PLACES[who]);
  return command
    .option('--control-token-file <path>', 'file with the control token (env: TMPFLEET_CONTROL_TOKEN)')
    .option('--json', 'print JSON, for scripts');
}

function gather(command: Command, whom: Whom): Given {
  // A group takes its flags wherever they stand.
  const flags: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  const who = whom === 'either' ? chooseWho(command, flags) : whom;
  const { config, origin } = loadConfig(
    { controlToken: controlTokenOption },
    { flags: { controlTokenFile: flags.controlTokenFile }, env: process.env },
  );
  const from = origin.controlToken;
  const client = new ControlClient({
    who,
    url: String(flags[who]),
    token: config.controlToken,
    tokenOrigin: from === 'default' ? undefined : from,
  });
  const print = (value: unknown, text: () => string): void => {
    process.stdout.write(`${flags.json === true ? JSON.stringify(value, undefined, 2) : text()}\n`);
  };
  return { client, who, args: command.args, flags, print };
}

/** TMPFLEET_FRONT alone says where the front is, not that it is meant. @throws FleetError `bad-config` where both are named */
function chooseWho(command: Command, flags: Readonly<Record<string, unknown>>): Who {
  const isNamed = (who: Who): boolean => command.getOptionValueSourceWithGlobals(who) === 'cli';
  // A name of a node (`node logs NODE`) means one of a front.
  const isFront = isNamed('front') || flags.nodeId !== undefined || command.args.length > 0;
  if (isFront && isNamed('node')) {
    throw new FleetError(
      'bad-config',
      '--node names the control listener of one node, and cannot be used here',
      {
        remedy:
          'leave --node away to ask the front; or ask that node, without --front and the names of nodes',
      },
    );
  }
  return isFront ? 'front' : 'node';
}

/** Lets a flag be read as an option of that kind is. */
export function read<T>(kind: Kind<T>): (text: string) => T {
  return (text) => {
    const parsed = kind.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(`Expected ${kind.expects}.`);
  };
}

/** Flags of verbs that can wait for what they began. */
export function addWaitFlags(command: Command): Command {
  return command
    .option('--wait', 'wait until it is done, and report progress on standard error')
    .addOption(
      new Option('--timeout <time>', 'with --wait: give up after this time, with exit code 5').argParser(
        read(duration(1)),
      ),
    );
}

/** Runs `ask`; if the name is unknown, the error suggests similar names. */
export async function orSuggest<T>(
  name: string,
  ask: () => Promise<T>,
  { names, what }: { readonly names: () => Promise<readonly string[]>; readonly what: string },
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ControlRefusal) || error.code !== 'not-found') throw error;
    const known = await names().catch(() => undefined);
    if (known === undefined) throw error;
    const { code, message } = error;
    throw new CommandError(EXIT.refused, code, message, { remedy: suggest(name, known, what) });
  }
}
