// Turns a table of options into the flags and the help of a command, and its configuration into YAML.
import { type Command, Option as Flag } from 'commander';
import { stringify } from 'yaml';
import { envName, kebab, loadConfig, unknownEnvironment } from '../../shared/config/load.ts';
import { type ConfigOf, type Option, type Options, shownDefault } from '../../shared/config/option.ts';

/** Adds --config, --print-config and one flag for each option, under the heading of its group. */
export function addOptions(command: Command, options: Options): Command {
  command.optionsGroup('General:').helpOption('-h, --help', 'print this help');
  command.option('--config <file>', 'YAML file with values of these options (env: TMPFLEET_CONFIG)');
  command.option(
    '--print-config',
    'print the resulting configuration and the origin of each value, and exit',
  );
  for (const [name, spec] of Object.entries(options))
    for (const flag of flagsOf(name, spec)) command.addOption(flag);
  return command;
}

export interface ConfigGiven<O extends Options> {
  readonly config: ConfigOf<O>;
  /** What `--print-config` asked for; undefined when it did not. */
  readonly printed: string | undefined;
  readonly warnings: readonly string[];
}

/** @throws FleetError `bad-config` with every fault */
export function readOptions<O extends Options>(
  options: O,
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): ConfigGiven<O> {
  const file = typeof flags.config === 'string' ? flags.config : env.TMPFLEET_CONFIG;
  const { config, origin } = loadConfig(options, { flags, env, file });
  return {
    config,
    printed: flags.printConfig === true ? printConfig(options, config, origin) : undefined,
    warnings: unknownEnvironment(env, options)
      .filter((name) => name !== 'TMPFLEET_CONFIG')
      .map((name) => `${name} is set, but this program has no such option`),
  };
}

/** YAML that could be used as `--config` again; secrets only as a comment. */
export function printConfig(
  options: Options,
  config: Readonly<Record<string, unknown>>,
  origin: Readonly<Record<string, string>>,
): string {
  return Object.entries(options)
    .map(([name, spec]) => {
      if (spec.secret === true)
        return `# ${kebab(name)}: ${config[name] === '' ? '(not set)' : '(set)'}  # ${origin[name]}`;
      const value = stringify(
        { [kebab(name)]: spec.kind.format(config[name]) },
        { flowCollectionPadding: false, collectionStyle: 'flow' },
      );
      return `${value.trim().replace(/^\{|\}$/g, '')}  # ${origin[name]}`;
    })
    .join('\n')
    .concat('\n');
}

function flagsOf(name: string, spec: Option<unknown>): readonly Flag[] {
  return unplaced(name, spec).map((flag) =>
    spec.group === undefined ? flag : flag.helpGroup(`${spec.group}:`),
  );
}

function unplaced(name: string, spec: Option<unknown>): readonly Flag[] {
  const long = `--${kebab(name)}`;
  if (spec.secret === true) {
    const without = spec.whenUnset === undefined ? '' : `without it: ${spec.whenUnset}; `;
    return [new Flag(`${long}-file <path>`, `file with the ${spec.help} (${without}env: ${envName(name)})`)];
  }
  const fallback = shownDefault(spec);
  const help = `${spec.help} (${fallback === undefined ? '' : `default: ${fallback}; `}env: ${envName(name)})`;
  if (spec.kind.metavar === undefined) {
    const opposite = new Flag(`--no-${kebab(name)}`, `turn ${long} off`);
    return [new Flag(long, help), spec.default === true ? opposite : opposite.hideHelp()];
  }
  return [new Flag(`${long} <${spec.kind.metavar}>`, help)];
}
