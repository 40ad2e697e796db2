// The file of the profile `http`: the steps of a reader of any app, as YAML.
//
//   steps:
//     - get: /tree
//     - name: search
//       post: /api/search
//       json: { text: sand }
//       expect: [200, 201]
//       save: { id: result.id }
//     - think: exp:2s
//     - get: /api/items/${id}
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { describeError, FleetError } from '../../../shared/errors.ts';
import { readOperatorFile } from '../../../shared/operator-file.ts';
import { describeIssues } from '../../../shared/protocol/wire.ts';
import { DISTRIBUTION_EXPECTS, type Distribution, parseDistribution } from '../schedule/distribution.ts';

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;

export interface HttpStep {
  /** In the report. */
  readonly name: string;
  /** Undefined for a pause. */
  readonly request: HttpRequest | undefined;
  readonly think: Distribution | undefined;
}

export interface HttpRequest {
  readonly method: string;
  /** A path, or an address; may contain `${name}`. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Statuses that are right; empty: all below 400. */
  readonly expect: readonly number[];
  readonly follow: boolean;
  /** Of the answer's JSON, under which name: `result.id`. */
  readonly save: Readonly<Record<string, string>>;
}

const thinkSchema = z.strictObject({
  think: z.union([z.string(), z.number()]).transform((value, context) => {
    const parsed = parseDistribution(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `expected ${DISTRIBUTION_EXPECTS}` });
    return z.NEVER;
  }),
});

const status = z.number().int().min(100).max(599);
const target = z.string().regex(/^(?:\/|https?:\/\/|\$\{)/, 'expected a path such as /tree, or an address');

const requestSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z]\w{0,39}$/, 'expected lower-case letters, digits and underscores')
      .optional(),
    ...{ get: target.optional(), post: target.optional(), put: target.optional() },
    ...{ patch: target.optional(), delete: target.optional(), head: target.optional() },
    headers: z.record(z.string(), z.coerce.string()).default({}),
    body: z.string().optional(),
    json: z.unknown().optional(),
    expect: z.union([status.transform((one) => [one]), z.array(status)]).default([]),
    follow: z.boolean().default(true),
    save: z.record(z.string().regex(/^\w{1,40}$/), z.string()).default({}),
  })
  .refine((step) => METHODS.filter((method) => step[method] !== undefined).length === 1, {
    message: `expected exactly one of ${METHODS.join(', ')}, or think`,
  })
  .refine(({ body, json }) => body === undefined || json === undefined, { message: 'has body and json' });

const fileSchema = z.strictObject({ steps: z.array(z.unknown()).min(1) });

/** @throws FleetError `bad-config` that names the file and the step */
export function readSteps(path: string): readonly HttpStep[] {
  let text: string;
  try {
    text = readOperatorFile(path).toString();
  } catch (error) {
    throw new FleetError('bad-config', `--steps: ${path} cannot be read (${describeError(error)})`);
  }
  return parseSteps(text, path);
}

/** @throws FleetError `bad-config` */
export function parseSteps(text: string, path: string): readonly HttpStep[] {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    throw new FleetError('bad-config', `--steps: ${path} is no YAML (${describeError(error)})`);
  }
  const file = fileSchema.safeParse(value);
  if (!file.success)
    throw new FleetError('bad-config', `--steps: ${path}: ${describeIssues(file.error, value)}`, {
      remedy: 'expected a list of steps, such as steps: [{ get: / }]',
    });
  return file.data.steps.map((step, index) => parseStep(step, `--steps: ${path}, step ${index + 1}`, index));
}

function parseStep(value: unknown, where: string, index: number): HttpStep {
  const isPause = typeof value === 'object' && value !== null && 'think' in value;
  const parsed = isPause ? thinkSchema.safeParse(value) : requestSchema.safeParse(value);
  if (!parsed.success) throw new FleetError('bad-config', `${where}: ${describeIssues(parsed.error, value)}`);
  if ('think' in parsed.data) return { name: '', request: undefined, think: parsed.data.think };
  const { name, headers, body, json, expect, follow, save } = parsed.data;
  const step = parsed.data;
  const method = METHODS.find((each) => step[each] !== undefined) ?? 'get';
  const isJson = json !== undefined;
  return {
    name: name ?? `step_${index + 1}`,
    think: undefined,
    request: {
      method: method.toUpperCase(),
      target: step[method] ?? '/',
      headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
      body: isJson ? JSON.stringify(json) : body,
      ...{ expect, follow, save },
    },
  };
}
