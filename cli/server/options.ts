// From options to a command line and back: flags, --help and --print-config all come from the one schema.
import { type Command, Option as Flag } from 'commander';
import { stringify } from 'yaml';
import { envName, kebab, loadConfig, unknownEnvironment } from '../../shared/config/load.ts';
import type { ConfigOf, Option, Options } from '../../shared/config/option.ts';

/** Adds one flag an option, and --config and --print-config. */
export function addOptions(command: Command, options: Options): Command {
  command.option('--config <file>', 'a YAML file of these options (env: TMPFLEET_CONFIG)');
  command.option(
    '--print-config',
    'print the configuration that results, with where each value is from, and exit',
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
  const long = `--${kebab(name)}`;
  if (spec.secret === true) {
    return [new Flag(`${long}-file <path>`, `${spec.help} (a file that holds it; or env: ${envName(name)})`)];
  }
  const shown = spec.kind.format(spec.default);
  const fallback = shown === '' || (Array.isArray(shown) && shown.length === 0) ? 'none' : String(shown);
  const help = `${spec.help} (default: ${fallback}; env: ${envName(name)})`;
  if (spec.kind.metavar === undefined) {
    const opposite = new Flag(`--no-${kebab(name)}`, `not ${long}`);
    return [new Flag(long, help), spec.default === true ? opposite : opposite.hideHelp()];
  }
  return [new Flag(`${long} <${spec.kind.metavar}>`, help)];
}
