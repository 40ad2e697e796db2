// Flags, then TMPFLEET_* environment, then a YAML file, then defaults; every bad key reported at once.
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { describeError, FleetError } from '../errors.ts';
import type { ConfigOf, Option, Options } from './option.ts';

/** Where values come from. `flags` are keyed by option name, as the command line gave them. */
export interface Sources {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML file, if one was named. */
  readonly file?: string | undefined;
}

export interface Loaded<C> {
  readonly config: C;
  /** Per option: `--port`, `TMPFLEET_PORT`, `file.yaml` or `default`. */
  readonly origin: Readonly<Record<string, string>>;
}

interface Found {
  readonly value: unknown;
  readonly origin: string;
}

/** `maxAge` → `max-age`: the flag and the YAML key. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxAge` → `TMPFLEET_MAX_AGE`. */
export function envName(name: string): string {
  return `TMPFLEET_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}

/**
 * Merges and checks. Secrets may also come from a file, named by `--x-file`, `TMPFLEET_X_FILE` or `x-file:`.
 * @throws FleetError `bad-config` whose message lists every bad key with its value, origin and remedy.
 */
export function loadConfig<O extends Options>(options: O, sources: Sources): Loaded<ConfigOf<O>> {
  const problems: string[] = [];
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
    if (parsed.success) config[name] = parsed.data;
    else {
      const shown = spec.secret === true ? 'its value' : JSON.stringify(found.value);
      problems.push(
        `${kebab(name)} (${found.origin}): ${shown} will not do; it should be ${spec.kind.expects}`,
      );
    }
  }
  if (problems.length > 0) {
    throw new FleetError(
      'bad-config',
      `the configuration has ${problems.length} fault(s):\n  ${problems.join('\n  ')}`,
    );
  }
  // The record was filled key by key from the same options that define the type.
  return { config: config as ConfigOf<O>, origin };
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
    { values: sources.flags, key: name, fileKey: `${name}File`, origin: `--${key}` },
    { values: sources.env, key: envName(name), fileKey: `${envName(name)}_FILE`, origin: envName(name) },
    { values: file, key, fileKey: `${key}-file`, origin: `${sources.file ?? ''}: ${key}` },
  ];
  for (const place of places) {
    const value = place.values[place.key];
    if (value !== undefined && value !== '') return { value, origin: place.origin };
    const path = spec.secret === true ? place.values[place.fileKey] : undefined;
    if (typeof path === 'string' && path !== '') return readSecret(path, key, problems);
  }
  return undefined;
}

function readSecret(path: string, name: string, problems: string[]): Found | undefined {
  try {
    return { value: readFileSync(path, 'utf8').trim(), origin: path };
  } catch (error) {
    problems.push(`${name}-file: ${JSON.stringify(path)} cannot be read (${describeError(error)})`);
    return undefined;
  }
}

function readConfigFile(
  path: string | undefined,
  options: Options,
  problems: string[],
): Record<string, unknown> {
  if (path === undefined || path === '') return {};
  let value: unknown;
  try {
    value = parseYaml(readFileSync(path, 'utf8')) ?? {};
  } catch (error) {
    problems.push(`config: ${JSON.stringify(path)} cannot be read as YAML (${describeError(error)})`);
    return {};
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`config: ${JSON.stringify(path)} should hold "name: value" lines`);
    return {};
  }
  const known = new Set(
    Object.entries(options).flatMap(([name, spec]) =>
      spec.secret === true ? [kebab(name), `${kebab(name)}-file`] : [kebab(name)],
    ),
  );
  for (const key of Object.keys(value)) {
    if (!known.has(key)) problems.push(`${key} (${path}): there is no such option${suggestion(key, known)}`);
  }
  return Object.fromEntries(Object.entries(value));
}

/** TMPFLEET_* names in the environment that no option answers to: most likely misspelt, so worth a warning. */
export function unknownEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  options: Options,
): readonly string[] {
  const known = new Set(Object.keys(options).flatMap((name) => [envName(name), `${envName(name)}_FILE`]));
  return Object.keys(env).filter((name) => name.startsWith('TMPFLEET_') && !known.has(name));
}

function suggestion(key: string, known: ReadonlySet<string>): string {
  const near = [...known].find(
    (name) => name.replaceAll('-', '') === key.replaceAll(/[-_]/g, '').toLowerCase(),
  );
  return near === undefined ? '' : `; did you mean ${near}?`;
}
