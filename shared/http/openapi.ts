// OpenAPI 3.1 documents, made from the schemas that parse requests and answers, and checked against the existing routes.
import type Router from '@koa/router';
import { z } from 'zod';
import { errorSchema } from '../api/error.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { VERSION } from '../version.ts';

/** One operation of an API. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** With its parameters in braces: `/api/nodes/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Schema of the body, which is parsed as JSON regardless of its content type. */
  readonly body?: z.ZodType;
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: z.ZodType }>>;
  /** Its successful answers, by status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Its error codes; `unauthorized` is added where a token is required. */
  readonly refuses?: readonly ErrorCode[];
  /** The token that it requires, where one is configured. */
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
  control: 'The control token, where one is configured; on loopback it is optional.',
  api: 'The API token, where one is configured.',
};

/**
 * Serves the document at `/openapi.json`. To be called after all routes were added.
 * @throws TypeError when a route has no description, or a description has no route
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
    ...[...described].filter((route) => !routes.has(route)).map((route) => `${route} does not exist`),
  ];
  if (wrong.length > 0) throw new TypeError(`${description.title}: ${wrong.join(', ')}`);
}

/** `get /api/nodes/{id}` for each; a trailing slash makes no difference. */
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
    // The empty alternative: the token may not be configured.
    ...(token === undefined ? {} : { security: [{ [token]: [] }, {}] }),
  };
}

/** One response for each status, with the meaning of each of its codes. */
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
