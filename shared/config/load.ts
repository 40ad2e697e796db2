// Reads a configuration: flags before TMPFLEET_* variables before a YAML file before defaults. Reports all errors at once.
import { describeError, FleetError } from '../errors.ts';
import { readOperatorFile } from '../operator-file.ts';
import { yaml } from '../yaml.ts';
import type { ConfigOf, Option, Options } from './option.ts';
import { envName, flagKey, kebab } from './option-names.ts';
import { readSecretFile, type SecretFileOptions, whyOpen } from './secret-file.ts';
import { explainUnknown } from './unknown.ts';

/** Where values come from. */
export interface Sources {
  /** By the option's key in code, as the command line gave them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML file, if one was named. */
  readonly file?: string | undefined;
  /** What the command line holds beyond known flags, in order: unknown flags with their values, and stray words. */
  readonly rest?: readonly string[];
}

export interface Loaded<C> {
  readonly config: C;
  /** Origin of each option: `--port`, `TMPFLEET_PORT`, `file.yaml: port` or `default`. */
  readonly origin: Readonly<Record<string, string>>;
}

interface Found {
  readonly value: unknown;
  readonly origin: string;
}

/**
 * Merges and validates. A secret may also come from a file, named by `--x-file`, `TMPFLEET_X_FILE` or `x-file:`.
 * @throws FleetError `bad-config` whose message lists every invalid value with its origin, and what was expected
 */
export function loadConfig<O extends Options>(options: O, sources: Sources): Loaded<ConfigOf<O>> {
  const problems: string[] = [...unknownFlags(sources.rest ?? [], options)];
  const file = readConfigFile(sources.file, options, problems);
  const config: Record<string, unknown> = {};
  const origin: Record<string, string> = {};
  for (const [name, spec] of Object.entries(options)) {
    const found = find(name, spec, sources, file, problems);
    if (found === undefined) {
      config[name] = spec.default;
      origin[name] = 'default';
      continue;
    }
    const parsed = spec.kind.schema.safeParse(found.value);
    origin[name] = found.origin;
    if (parsed.success) {
      config[name] = parsed.data;
      if (spec.closedFile === true) refuseOpenFile(String(parsed.data), name, sources.env, problems);
    } else {
      const shown = spec.secret === true ? '(not shown)' : JSON.stringify(found.value);
      problems.push(`${found.origin}: invalid value ${shown}; expected ${spec.kind.expects}`);
    }
  }
  throwIfAny(problems);
  // The record was filled key by key from the same options that define the type.
  return { config: config as ConfigOf<O>, origin };
}

/** @throws FleetError `bad-config` that lists the problems, if there are any */
export function throwIfAny(problems: readonly string[]): void {
  const [only] = problems;
  if (only === undefined) return;
  const message =
    problems.length === 1
      ? only
      : `${problems.length} errors in the configuration:\n  ${problems.join('\n  ')}`;
  throw new FleetError('bad-config', message);
}

function find(
  name: string,
  spec: Option<unknown>,
  sources: Sources,
  file: Readonly<Record<string, unknown>>,
  problems: string[],
): Found | undefined {
  const key = kebab(name);
  const places = [
    { values: sources.flags, key: flagKey(name), fileKey: `${name}File`, origin: `--${key}` },
    { values: sources.env, key: envName(name), fileKey: `${envName(name)}_FILE`, origin: envName(name) },
    { values: file, key, fileKey: `${key}-file`, origin: `${sources.file ?? ''}: ${key}` },
  ];
  for (const place of places) {
    const value = place.values[place.key];
    if (value !== undefined && value !== '') {
      if (spec.secret === true && place.values === file) refuseOpen(sources, key, problems);
      return { value, origin: place.origin };
    }
    const path = spec.secret === true ? place.values[place.fileKey] : undefined;
    if (typeof path === 'string' && path !== '') return readSecret(path, key, sources.env, problems);
  }
  return undefined;
}

/** A configuration file that contains a secret must be as closed as a file of its own. */
function refuseOpen({ file = '', env }: Sources, key: string, problems: string[]): void {
  const why = whyOpen(file, secretFileOptions(env));
  if (why !== undefined) problems.push(`${key}: ${why}`);
}

/** The file that an option names, where it holds a secret. */
function refuseOpenFile(path: string, name: string, env: Sources['env'], problems: string[]): void {
  if (path === '') return;
  const read = readSecretFile(path, secretFileOptions(env));
  if ('problem' in read) problems.push(`${kebab(name)}: ${read.problem}`);
}

function secretFileOptions(env: Sources['env']): SecretFileOptions {
  return { credentialsDirectory: env.CREDENTIALS_DIRECTORY, uid: process.getuid?.() };
}

function readSecret(path: string, name: string, env: Sources['env'], problems: string[]): Found | undefined {
  const read = readSecretFile(path, secretFileOptions(env));
  if ('text' in read) return { value: read.text, origin: path };
  problems.push(`${name}-file: ${read.problem}`);
  return undefined;
}

function readConfigFile(
  path: string | undefined,
  options: Options,
  problems: string[],
): Record<string, unknown> {
  if (path === undefined || path === '') return {};
  let value: unknown;
  try {
    value = yaml().parse(readOperatorFile(path).toString()) ?? {};
  } catch (error) {
    problems.push(`config: ${JSON.stringify(path)} cannot be read as YAML (${describeError(error)})`);
    return {};
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`config: ${JSON.stringify(path)} must consist of lines "name: value"`);
    return {};
  }
  const known = new Set(
    Object.entries(options).flatMap(([name, spec]) =>
      spec.secret === true ? [kebab(name), `${kebab(name)}-file`] : [kebab(name)],
    ),
  );
  for (const key of Object.keys(value)) {
    if (!known.has(key))
      problems.push(`unknown option ${key} in ${path}${explainUnknown(key, 'key', options)}`);
  }
  return Object.fromEntries(Object.entries(value));
}

/** One message for each unknown flag, and for each word that is not the value of one. */
function unknownFlags(rest: readonly string[], options: Options): readonly string[] {
  return rest.flatMap((word, index) => {
    if (word.startsWith('-')) {
      const [flag = word] = word.split('=', 1);
      return [`unknown option ${flag}${explainUnknown(flag, 'flag', options)}`];
    }
    const before = rest[index - 1] ?? '';
    return before.startsWith('-') && !before.includes('=')
      ? []
      : [`unexpected argument ${JSON.stringify(word)}`];
  });
}

/** Variables that the command itself reads, and no server. */
const COMMAND_VARIABLES: readonly string[] = ['TMPFLEET_CONFIG', 'TMPFLEET_FRONT', 'TMPFLEET_NODE'];

/** One warning for each TMPFLEET_* variable that no option reads: it is probably misspelt. */
export function unknownEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  options: Options,
): readonly string[] {
  const known = new Set([
    ...COMMAND_VARIABLES,
    ...Object.keys(options).flatMap((name) => [envName(name), `${envName(name)}_FILE`]),
  ]);
  return Object.keys(env)
    .filter((name) => name.startsWith('TMPFLEET_') && !known.has(name))
    .map(
      (name) =>
        `unknown variable ${name} is ignored${explainUnknown(name, 'variable', options, COMMAND_VARIABLES)}`,
    );
}
