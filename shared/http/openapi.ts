// OpenAPI 3.1 documents, made from the schemas by which requests and answers are parsed, and held against the routes that there are.
import type Router from '@koa/router';
import { z } from 'zod';
import { errorSchema } from '../api/error.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { VERSION } from '../version.ts';

/** One thing an API does. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** With its parameters in braces: `/api/nodes/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Of the body, which is JSON whatever content type it claims. */
  readonly body?: z.ZodType;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  /** What it answers when all is well. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes with which it may refuse; `unauthorized` is added where a token is asked for. */
  readonly refuses?: readonly ErrorCode[];
  /** Which token it asks for, where one is set. */
  readonly token?: TokenName;
}

export interface Answer {
  readonly description: string;
  /** Of JSON: the answer, or each event of a stream. */
  readonly schema?: z.ZodType;
  /** The content type, unless it is JSON. */
  readonly type?: string;
}

export type TokenName = 'control' | 'api';

export interface ApiDescription {
  readonly title: string;
  readonly description: string;
  readonly operations: readonly Operation[];
}

/** The answer of `/healthz` and `/readyz`. */
export const HEALTH_ANSWER: Operation['answers'] = {
  200: { description: 'it is', schema: z.object({ status: z.literal('ok') }) },
};

/** An answer that is not JSON: a page, a script, plain text. */
export function fileAnswer(description: string, type: string): Operation['answers'] {
  return { 200: { description, type } };
}

export const OPENAPI_PATH = '/openapi.json';

const OWN: Operation = {
  method: 'get',
  path: OPENAPI_PATH,
  summary: 'This document',
  answers: { 200: { description: 'OpenAPI 3.1', schema: z.looseObject({ openapi: z.string() }) } },
};

const TOKENS: Readonly<Record<TokenName, string>> = {
  control: 'The control token, where one is set. On loopback there need be none.',
  api: 'The API token, where one is set.',
};

/**
 * Serves the document at `/openapi.json`. To be called when all routes are there.
 * @throws TypeError when a route is not described, or none is there for what is
 */
export function serveOpenApi(router: Router, description: ApiDescription): void {
  const document = openApiOf(description);
  router.get(OPENAPI_PATH, (context) => {
    context.body = document;
  });
  const described = new Set([OWN, ...description.operations].map(({ method, path }) => `${method} ${path}`));
  const routes = new Set(routesOf(router));
  const wrong = [
    ...[...routes].filter((route) => !described.has(route)).map((route) => `${route} is not described`),
    ...[...described].filter((route) => !routes.has(route)).map((route) => `${route} is not there`),
  ];
  if (wrong.length > 0) throw new TypeError(`${description.title}: ${wrong.join(', ')}`);
}

/** `get /api/nodes/{id}` for each; the spelling with a slash at the end is the same. */
function routesOf(router: Router): readonly string[] {
  return router.stack.flatMap(({ methods, path }) => {
    if (typeof path !== 'string') return [];
    const templated = path.replace(/(.)\/$/, '$1').replaceAll(/:(\w+)/g, '{$1}');
    return methods
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method.toLowerCase()} ${templated}`);
  });
}

export function openApiOf({ title, description, operations }: ApiDescription): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of [...operations, OWN]) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describeOperation(operation) };
  }
  const tokens = new Set(operations.flatMap(({ token }) => token ?? []));
  return {
    openapi: '3.1.0',
    info: { title, description, version: VERSION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: { Error: jsonSchema(errorSchema, 'output') },
      securitySchemes: Object.fromEntries(
        [...tokens].map((name) => [name, { type: 'http', scheme: 'bearer', description: TOKENS[name] }]),
      ),
    },
  };
}

function describeOperation(operation: Operation): object {
  const { method, path, summary, description, body, token } = operation;
  const codes = [...(operation.refuses ?? []), ...(token === undefined ? [] : ['unauthorized' as const])];
  return {
    operationId: operationId(method, path),
    summary,
    ...(description === undefined ? {} : { description }),
    ...parametersOf(operation),
    ...(body === undefined ? {} : { requestBody: { content: jsonContent(jsonSchema(body, 'input')) } }),
    responses: {
      ...mapValues(operation.answers, describeAnswer),
      ...describeRefusals(codes),
    },
    // An empty requirement beside it: there may be no token.
    ...(token === undefined ? {} : { security: [{ [token]: [] }, {}] }),
  };
}

/** One response for each status, with what each of its codes means. */
function describeRefusals(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = new Map<number, readonly ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: of.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('; '),
        content: jsonContent({
          allOf: [{ $ref: '#/components/schemas/Error' }, { properties: { code: { enum: of } } }],
        }),
      },
    ]),
  );
}

function parametersOf({ path, query = {} }: Operation): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, { description, schema }]) => ({
    ...{ name, in: 'query', description },
    schema: jsonSchema(schema, 'input'),
  }));
  return inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] };
}

function describeAnswer({ description, schema, type }: Answer): object {
  if (schema === undefined && type === undefined) return { description };
  const what = schema === undefined ? { type: 'string' } : jsonSchema(schema, 'output');
  return { description, content: { [type ?? 'application/json']: { schema: what } } };
}

function jsonContent(schema: object): object {
  return { 'application/json': { schema } };
}

/** In OpenAPI 3.1 a schema is JSON Schema 2020-12, which is what zod writes. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** `post /api/nodes/{id}/drain` → `postApiNodesIdDrain`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
