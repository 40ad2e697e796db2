// Reads the file of --container-options. Once, at the start; all that is wrong with it is said at once, with file, field
// and value.
import type { z } from 'zod';
import { throwIfAny } from '../../../../shared/config/load.ts';
import { formatBytes } from '../../../../shared/config/units.ts';
import { describeError } from '../../../../shared/errors.ts';
import { nearest } from '../../../../shared/nearest.ts';
import { readOperatorFile } from '../../../../shared/operator-file.ts';
import { yaml } from '../../../../shared/yaml.ts';
import type { DockerConfig } from '../options.ts';
import { type Danger, dangersOf } from './dangers.ts';
import { type ContainerOptions, FIELDS, type FieldName } from './fields.ts';
import { protectedPaths, whyNotTarget } from './mounts.ts';
import { snakeCase, whyRefused } from './refused.ts';

type Given = Readonly<Record<string, unknown>>;

/** What the checks depend on, besides the file. */
export type ContainerOptionsConfig = Pick<
  DockerConfig,
  | 'containerOptions'
  | 'unsafeContainerOptions'
  | 'memoryBytes'
  | 'sandboxHome'
  | 'dockerHost'
  | 'dockerCertPath'
> & { readonly dataDir?: string };

export interface CheckedContainerOptions {
  /** Undefined without a file. */
  readonly options: ContainerOptions | undefined;
  /** What --unsafe-container-options allowed. */
  readonly dangers: readonly Danger[];
}

const MAX_FILE_BYTES = 256 * 1024;
const NAMES = Object.keys(FIELDS);

/** @throws FleetError `bad-config` that lists every problem */
export function readContainerOptions(config: ContainerOptionsConfig): CheckedContainerOptions {
  const problems: string[] = [];
  const checked = check(config, problems);
  throwIfAny(problems.map((problem) => `container-options: ${problem}`));
  return checked;
}

/** What is wrong with the file, and with the options about it; nothing without them. */
export function containerOptionsProblems(config: ContainerOptionsConfig): readonly string[] {
  if (config.containerOptions === '')
    return config.unsafeContainerOptions
      ? ['unsafe-container-options: has no effect without --container-options']
      : [];
  const problems: string[] = [];
  check(config, problems);
  return problems.map((problem) => `container-options: ${problem}`);
}

/** @param problems to which those that are found are added; with any, the result is of no use */
function check(config: ContainerOptionsConfig, problems: string[]): CheckedContainerOptions {
  const { containerOptions: path, unsafeContainerOptions: isUnsafe } = config;
  if (path === '') return { options: undefined, dangers: [] };
  const given = readFile(path, problems);
  const complain = (problem: string): void => void problems.push(`${path}: ${problem}`);
  for (const name of Object.keys(given)) if (!isField(name)) complain(`${name}: ${explainUnknown(name)}`);
  const options = parseFields(given, complain);
  for (const problem of conflicts(options, config)) complain(problem);
  const dangers = dangersOf(options, protectedPaths(config));
  if (!isUnsafe) {
    for (const { field, value, why } of dangers)
      complain(`${field}: ${value} is refused: ${why} (--unsafe-container-options allows it)`);
  }
  return { options, dangers };
}

function readFile(path: string, problems: string[]): Given {
  try {
    // JSON is YAML, too.
    const value: unknown = yaml().parse(readOperatorFile(path, MAX_FILE_BYTES).toString()) ?? {};
    if (typeof value === 'object' && !Array.isArray(value)) return { ...value };
    throw new Error('it is not a list of names and values');
  } catch (error) {
    problems.push(`${JSON.stringify(path)} cannot be read: ${describeError(error)}`);
    return {};
  }
}

function isField(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}

function explainUnknown(name: string): string {
  const reason = whyRefused(name);
  if (reason !== undefined) return reason;
  const [near] = nearest(snakeCase(name), NAMES);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return `unknown field${hint} (there are ${NAMES.join(', ')})`;
}

/** The fields in the order of the table, so that the order in the file changes nothing. */
function parseFields(given: Given, complain: (problem: string) => void): ContainerOptions {
  const entries = Object.entries(FIELDS).flatMap(([name, { schema, expects }]) => {
    if (given[name] === undefined) return [];
    const parsed = schema.safeParse(given[name]);
    if (parsed.success) return [[name, parsed.data]];
    for (const issue of parsed.error.issues) complain(explainIssue(name, issue, given[name], expects));
    return [];
  });
  // Filled field by field from the same table that defines the type.
  return Object.fromEntries(entries) as ContainerOptions;
}

function explainIssue(name: string, issue: z.core.$ZodIssue, given: unknown, expects: string): string {
  const where = issue.path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`),
    name,
  );
  if (issue.code === 'unrecognized_keys')
    return `${where}.${issue.keys[0]}: unknown key; expected ${expects}`;
  if (issue.code === 'custom' && issue.params?.isPlain !== true) return `${where}: ${issue.message}`;
  return `${where}: invalid value ${JSON.stringify(valueAt(given, issue.path))}; expected ${expects}`;
}

/** The value that an issue is about, or the last one on the way to it. */
function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== 'object' || value === null) return value;
  const inner: unknown = Reflect.get(value, key);
  return inner === undefined ? value : valueAt(inner, rest);
}

/** What fits neither the rest of the file nor the other options. */
function conflicts(options: ContainerOptions, config: ContainerOptionsConfig): readonly string[] {
  const { memory_reservation: reserved = 0, mounts = [], tmpfs = {} } = options;
  const targets = [
    ...mounts.map(({ target }) => ({ target, kind: 'mount' as const, field: 'mounts' })),
    ...Object.keys(tmpfs).map((target) => ({ target, kind: 'tmpfs' as const, field: 'tmpfs' })),
  ];
  return [
    ...(reserved <= config.memoryBytes
      ? []
      : [
          `memory_reservation: ${formatBytes(reserved)} is more than --memory, which is ${formatBytes(config.memoryBytes)}`,
        ]),
    ...targets.flatMap(({ target, kind, field }, index) => {
      const why = whyNotTarget(target, kind, config.sandboxHome);
      if (why !== undefined) return [`${field}: nothing can be put at ${target} in a sandbox: ${why}`];
      const isTaken = targets.slice(0, index).some((other) => other.target === target);
      return isTaken ? [`${field}: ${target} is given twice`] : [];
    }),
  ];
}
