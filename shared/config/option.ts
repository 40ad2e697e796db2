// Defines options and the kinds of value they take. Flags, environment names, file keys, help and the reference document
// are all derived from these.
import { z } from 'zod';
import { formatBytes, formatDuration, parseBytes, parseDuration } from './units.ts';

/** A kind of value: how to read it from text or YAML, how to write it back, and which values are valid. */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** In `--help`: `<port>`. Absent for a switch, which takes no value. */
  readonly metavar?: string;
  /** Completes "expected …" in an error message. */
  readonly expects: string;
  /** Whether the flag may be given several times, for several values. */
  readonly isRepeatable?: true;
  /** The value as an operator writes it. (A method, so that an `Option<number>` is an `Option<unknown>` too.) */
  format(value: T): string | number | boolean | readonly string[];
}

/** The headings under which `--help` and docs/reference/options.md list the options. */
export type OptionGroup =
  | 'Readers'
  | 'Nodes'
  | 'Pool'
  | 'Sandboxes'
  | 'Engine'
  | 'Security'
  | 'Limits'
  | 'Embedding'
  | 'Cross-origin requests'
  | 'Events'
  | 'Control'
  | 'State and logging'
  | 'Arrivals'
  | 'What a reader does'
  | 'What has to be kept'
  | 'Report'
  | 'Generator';

export interface Option<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  /** What the option does, in one sentence without a full stop. */
  readonly help: string;
  readonly group?: OptionGroup;
  /** What happens while the value is empty, in place of a default. */
  readonly whenUnset?: string;
  /** Not a flag and not printed: read from TMPFLEET_NAME, TMPFLEET_NAME_FILE, --name-file or the file. */
  readonly secret?: true;
  /** Path of a file that holds a secret: refused when other users of the host can read it. */
  readonly closedFile?: true;
  /**
   * A reload applies it; `once set`: where it was set before, and still is. What reads it must read it from the configuration
   * each time, or be told of each reload.
   */
  readonly live?: true | 'once set';
}

export type Options = Readonly<Record<string, Option<unknown>>>;

/** The configuration that a set of options yields. */
export type ConfigOf<O extends Options> = {
  readonly [K in keyof O]: O[K]['default'];
};

export function option<T>(kind: Kind<T>, fallback: NoInfer<T>, help: string): Option<T> {
  return { kind, default: fallback, help };
}

/** Marks an option that a reload applies: see `Option.live`. */
export function live<T>(spec: Option<T>): Option<T> {
  return { ...spec, live: true };
}

/** Marks the path of a file with a secret: see `Option.closedFile`. */
export function closedFile(spec: Option<string>): Option<string> {
  return { ...spec, closedFile: true };
}

export function secret(kind: Kind<string>, help: string): Option<string> {
  return { kind, default: '', help, secret: true };
}

/** Puts every option of a table under one heading, unless the option names one itself. */
export function inGroup<O extends Options>(group: OptionGroup, options: O): O {
  const grouped = Object.entries(options).map(([name, spec]) => [name, { group, ...spec }]);
  // The same keys with the same options, each with one more field.
  return Object.fromEntries(grouped) as O;
}

/** The default as `--help` shows it; undefined when there is none to show. */
export function shownDefault(spec: Option<unknown>): string | undefined {
  const value = spec.kind.format(spec.default);
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text === '' ? spec.whenUnset : text;
}

const plain = <T extends string | number | boolean>(value: T): T => value;

export function text(metavar: string, expects: string, pattern?: RegExp): Kind<string> {
  const schema = z.coerce.string();
  return { schema: pattern === undefined ? schema : schema.regex(pattern), metavar, expects, format: plain };
}

export function integer(min: number, max: number, metavar = 'n'): Kind<number> {
  return {
    schema: numeric.pipe(z.number().int().min(min).max(max)),
    metavar,
    expects: `a whole number from ${min} to ${max}`,
    format: plain,
  };
}

export function decimal(min: number, max: number, metavar = 'x'): Kind<number> {
  return {
    schema: numeric.pipe(z.number().min(min).max(max)),
    metavar,
    expects: `a number from ${min} to ${max}`,
    format: plain,
  };
}

/** A part of the whole, 0 to 1. */
export function percentage(): Kind<number> {
  return {
    schema: text('', '')
      .schema.refine((value) => /^(?:0|[1-9]\d?%|100%)$/.test(value.trim()))
      .transform((value) => Number.parseInt(value, 10) / 100),
    metavar: 'n%',
    expects: 'a percentage such as 10%, or 0 for never',
    format: (value) => (value === 0 ? 0 : `${Math.round(value * 100)}%`),
  };
}

/** A TCP port; 0 lets the system pick a free one. */
export function port(): Kind<number> {
  return { ...integer(0, 65535, 'port'), expects: 'a port from 0 to 65535 (0 picks a free one)' };
}

export function choice<const T extends string>(values: readonly [T, ...T[]]): Kind<T> {
  return {
    schema: z.enum(values),
    metavar: values.join('|'),
    expects: `one of ${values.join(', ')}`,
    format: plain,
  };
}

/** A switch: `--name` and `--no-name`. */
export function flag(): Kind<boolean> {
  return {
    schema: z.preprocess((value) => SWITCH.get(String(value).toLowerCase()) ?? value, z.boolean()),
    expects: 'true or false',
    format: plain,
  };
}

/** A time: milliseconds in code; `90s`, `10m`, `4h`, `1d` for operators. 0 needs no unit. */
export function duration(min = 0): Kind<number> {
  return {
    schema: z.preprocess(parseDuration, z.number().min(min)),
    metavar: 'time',
    expects: `a time with a unit, such as 500ms, 30s, 10m, 4h or 1d${min > 0 ? `; at least ${formatDuration(min)}` : ''}`,
    format: formatDuration,
  };
}

/** A size: bytes in code; `512m`, `2g` for operators. 0 needs no unit. */
export function bytes(min = 0): Kind<number> {
  return {
    schema: z.preprocess(parseBytes, z.number().int().min(min)),
    metavar: 'size',
    expects: `a size with a unit, such as 512m or 2g${min > 0 ? `; at least ${formatBytes(min)}` : ''}`,
    format: formatBytes,
  };
}

/** Comma-separated on a command line, or given several times; a list in YAML. */
export function list(metavar: string, expects: string, pattern: RegExp): Kind<readonly string[]> {
  return {
    schema: z.preprocess(
      (value) =>
        typeof value === 'string'
          ? value
              .split(',')
              .map((part) => part.trim())
              .filter((part) => part !== '')
          : value,
      z.array(z.coerce.string().regex(pattern)).readonly(),
    ),
    metavar,
    expects,
    isRepeatable: true,
    format: (value) => value,
  };
}

/** An http(s) address, or nothing; a trailing slash is removed. */
export function address(): Kind<string> {
  return {
    schema: z
      .string()
      .refine((value) => value === '' || /^https?:\/\/[^/?#\s]+[^?#\s]*$/.test(value))
      .transform((value) => value.replace(/\/+$/, '')),
    metavar: 'url',
    expects: 'an address such as https://try.example.org',
    format: plain,
  };
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
]);

const numeric = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z.number(),
);
