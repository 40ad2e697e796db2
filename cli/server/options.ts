// Turns a table of options into the flags and the help of a command, and its configuration into YAML.
import { type Command, Option as Flag } from 'commander';
import { loadConfig, unknownEnvironment } from '../../shared/config/load.ts';
import { type ConfigOf, type Option, type Options, shownDefault } from '../../shared/config/option.ts';
import { envName, kebab } from '../../shared/config/option-names.ts';
import { yaml } from '../../shared/yaml.ts';

interface AddOptions {
  /** Whether the command reads TMPFLEET_* variables, so that its help names them. */
  readonly readsEnvironment?: boolean;
}

/** Adds --config, --print-config and one flag for each option, under the heading of its group. */
export function addOptions(
  command: Command,
  options: Options,
  { readsEnvironment = true }: AddOptions = {},
): Command {
  const variable = (name: string): string => (readsEnvironment ? name : '');
  command.optionsGroup('General:').helpOption('-h, --help', 'print this help');
  command.option(
    '--config <file>',
    describe('YAML file with values of these options', '', variable('TMPFLEET_CONFIG')),
  );
  command.addOption(
    new Flag(
      '--print-config [all]',
      'check the configuration, print the options that are set, each with its origin, and exit; =all prints every option',
    ).choices(['all']),
  );
  for (const [name, spec] of Object.entries(options))
    for (const flag of flagsOf(name, spec, variable(envName(name)))) command.addOption(flag);
  // Unknown flags are reported by readOptions, together with everything else that is wrong.
  return command.allowUnknownOption().allowExcessArguments();
}

export interface ReadConfig<O extends Options> {
  readonly config: ConfigOf<O>;
  /** What `--print-config` prints; undefined without that flag. */
  readonly printed: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * The configuration of a command that has been parsed.
 * @param rest of the command line, beyond flags: all of it, unless the command has arguments
 * @throws FleetError `bad-config` with every error
 */
export function readOptions<O extends Options>(
  options: O,
  command: Command,
  env: Readonly<Record<string, string | undefined>>,
  rest: readonly string[] = command.args,
): ReadConfig<O> {
  const flags: Readonly<Record<string, unknown>> = command.opts();
  const file = typeof flags.config === 'string' ? flags.config : env.TMPFLEET_CONFIG;
  const { config, origin } = loadConfig(options, { flags, env, file, rest });
  const { printConfig: print } = flags;
  return {
    config,
    printed: print === undefined ? undefined : printConfig(options, config, origin, print === 'all'),
    warnings: unknownEnvironment(env, options),
  };
}

/**
 * YAML that works as a file for `--config`; secrets only as a comment.
 * @param all whether to print defaults too: a file with them keeps them when a later version has others
 */
export function printConfig(
  options: Options,
  config: Readonly<Record<string, unknown>>,
  origin: Readonly<Record<string, string>>,
  all: boolean,
): string {
  const lines = Object.entries(options)
    .filter(([name]) => all || origin[name] !== 'default')
    .map(([name, spec]) => {
      if (spec.secret === true)
        return `# ${kebab(name)}: ${config[name] === '' ? '(not set)' : '(set)'}  # ${origin[name]}`;
      const value = yaml().stringify(
        { [kebab(name)]: spec.kind.format(config[name]) },
        // On one line however long, because what it comes from is written behind it.
        { flowCollectionPadding: false, collectionStyle: 'flow', lineWidth: 0 },
      );
      return `${value.trim().replace(/^\{|\}$/g, '')}  # ${origin[name]}`;
    });
  return `${lines.length === 0 ? '# every option has its default' : lines.join('\n')}\n`;
}

function flagsOf(name: string, spec: Option<unknown>, variable: string): readonly Flag[] {
  const { group } = spec;
  return ungroupedFlags(name, spec, variable).map((flag) =>
    group === undefined ? flag : flag.helpGroup(`${group}:`),
  );
}

function ungroupedFlags(name: string, spec: Option<unknown>, variable: string): readonly Flag[] {
  const long = `--${kebab(name)}`;
  if (spec.secret === true) {
    const without = spec.whenUnset === undefined ? '' : `without it: ${spec.whenUnset}`;
    return [new Flag(`${long}-file <path>`, describe(`file with the ${spec.help}`, without, variable))];
  }
  const fallback = shownDefault(spec);
  const help = describe(spec.help, fallback === undefined ? '' : `default: ${fallback}`, variable);
  if (spec.kind.metavar === undefined) {
    const opposite = new Flag(`--no-${kebab(name)}`, `turn ${long} off`);
    return [new Flag(long, help), spec.default === true ? opposite : opposite.hideHelp()];
  }
  const flag = new Flag(`${long} <${spec.kind.metavar}>`, help);
  return [spec.kind.isRepeatable === true ? flag.argParser(addToList) : flag];
}

/** A list that is given in parts is one list, as if it had been given with commas. */
function addToList(value: string, before: unknown): string {
  return typeof before === 'string' ? `${before},${value}` : value;
}

/** `what it does (default: x; env: TMPFLEET_X)`; an empty part is left out. */
function describe(help: string, fallback: string, variable: string): string {
  const notes = [fallback, variable === '' ? '' : `env: ${variable}`].filter((note) => note !== '');
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`;
}
