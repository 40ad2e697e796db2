// The four OpenAPI documents against the running servers: each is valid, and each operation answers as documented.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ORDER_PATH, SIGNATURE_HEADER, signOrder } from '../../shared/protocol/order.ts';
import { Bench, listen, SECRET } from '../redirector/support.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { orderKey } from '../support/fleet-keys.ts';
import { until } from '../support/until.ts';

const documentSchema = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
      }),
    ),
  ),
});
type Document = z.infer<typeof documentSchema>;

/** The calls, in order: `get /api/nodes/{id}`, values for the braces, the expected status, the body. */
type Call = readonly [
  operation: string,
  status: number,
  options?: { readonly id?: () => string; readonly body?: () => unknown | Promise<unknown> },
];

const bench = new Bench();
let agent: TestAgent;
let other: TestAgent;
let front: Awaited<ReturnType<Bench['front']>>;

beforeAll(async () => {
  const secret = { TMPFLEET_SECRET: SECRET };
  agent = await startAgent({ capacity: '3', nodeId: 'node1' }, secret);
  other = await startAgent({ capacity: '1', nodeId: 'node2' }, secret);
  const hook = bench.keep(await listen((_, response) => response.end()));
  front = await bench.front({ webhook: hook.url }, { webhookSecret: SECRET });
  for (const { url } of [agent, other])
    await fetch(`${front.controlUrl}/api/nodes`, {
      method: 'POST',
      body: JSON.stringify({ url, probe: false }),
    });
  await Promise.all([agent.warm(3), other.warm(1)]);
  await until('the front has polled them', async () => {
    const { available } = z
      .object({ available: z.number() })
      .parse(await (await fetch(`${front.url}/stats`)).json());
    return available === 4;
  });
});
afterAll(async () => {
  await bench.clear();
  await Promise.all([agent.close(), other.close()]);
});

const node = () => ({ id: () => new URL(agent.url).host.replace(':', '-') });
/** Loses the registry, so that there is something to decide. */
const loseRegistry = async (): Promise<object> => {
  rmSync(join(front.dataDir, 'nodes.json'));
  const status = z.object({ state: z.string() });
  await until(
    'the front has noticed',
    async () => status.parse(await (await fetch(`${front.controlUrl}/api/registry`)).json()).state === 'lost',
  );
  return { force: true };
};
/** A claimed sandbox, or any. */
const claimed = () => agent.pool.table.all().find(({ state }) => state !== 'removing')?.id ?? 'none';
const nobody = { id: () => 'nobody' };
const ofSandbox = { id: () => agent.pool.table.all().find(({ state }) => state !== 'removing')?.id ?? '' };

const LISTENERS: readonly {
  readonly name: string;
  readonly url: () => string;
  readonly calls: readonly Call[];
}[] = [
  {
    name: 'the front, for readers',
    url: () => front.url,
    calls: [
      ['get /stats', 200],
      ['get /api/stats', 200],
      ['get /robots.txt', 200],
      ['get /embed.js', 200],
      ['post /api/spawn', 200],
      ['get /openapi.json', 200],
    ],
  },
  {
    name: 'the front, for operators',
    url: () => front.controlUrl,
    calls: [
      ...[
        '/',
        '/healthz',
        '/readyz',
        '/metrics',
        '/api/nodes',
        '/api/fleet',
        '/api/history',
        '/openapi.json',
      ].map((path): Call => [`get ${path}`, 200]),
      ['get /api/nodes/{id}', 200, node()],
      ['get /api/nodes/{id}', 404, nobody],
      ['get /api/events', 200],
      ['get /api/nodes/{id}/probe', 200, node()],
      ['delete /api/nodes/{id}/sandboxes/{sandbox}', 200, node()],
      [
        'post /api/nodes',
        201,
        { body: () => ({ url: 'http://127.0.0.1:1', id: 'nothing-there', probe: false }) },
      ],
      ['post /api/nodes', 400, { body: () => ({ url: 5 }) }],
      ['post /api/nodes', 502, { body: () => ({ url: 'http://127.0.0.1:3' }) }],
      ['post /api/nodes', 422, { body: () => ({ url: front.url }) }],
      ['post /api/nodes', 409, { body: () => ({ url: agent.url }) }],
      ['post /api/nodes/{id}/cordon', 200, node()],
      ['post /api/nodes/{id}/cordon', 404, nobody],
      ['post /api/nodes/{id}/uncordon', 200, node()],
      ['post /api/nodes/{id}/drain', 400, { ...node(), body: () => ({ deadline: 'soon' }) }],
      ['post /api/nodes/{id}/drain', 200, { ...node(), body: () => ({ deadline: '30m' }) }],
      ['post /api/nodes/{id}/uncordon', 200, node()],
      ['post /api/nodes/{id}/cordon', 502, { id: () => 'nothing-there' }],
      ['delete /api/nodes/{id}/sandboxes/{sandbox}', 502, { id: () => 'nothing-there' }],
      ['get /api/nodes/{id}/pool', 200, node()],
      ['get /api/nodes/{id}/pool', 404, nobody],
      ['post /api/nodes/{id}/pool/resize', 200, { ...node(), body: () => ({ warm: 1 }) }],
      ['post /api/nodes/{id}/pool/resize', 400, { ...node(), body: () => ({ warm: 'many' }) }],
      ['post /api/nodes/{id}/pool/resize', 400, { ...node(), body: () => ({ warm: 500 }) }],
      ['post /api/nodes/{id}/pool/pause', 200, node()],
      ['post /api/nodes/{id}/pool/resume', 200, node()],
      ['post /api/nodes/{id}/pool/refresh', 200, node()],
      ['delete /api/nodes/{id}/pool', 200, node()],
      ['get /api/nodes/{id}/log', 200, node()],
      ['post /hosts', 200, { body: () => ({ host: 'http://127.0.0.1:2' }) }],
      ['delete /hosts', 200, { body: () => ({ host: 'http://127.0.0.1:2' }) }],
      ['delete /hosts', 404, { body: () => ({ host: 'http://127.0.0.1:2' }) }],
      ['delete /api/nodes/{id}', 200, { id: () => 'nothing-there' }],
      ['delete /api/nodes/{id}', 404, nobody],
      ['get /api/registry', 200],
      ['post /api/reload', 200],
      ['post /api/registry/accept', 409, { body: () => ({ force: true }) }],
      ['post /api/registry/accept', 400, { body: () => ({ force: 'please' }) }],
      ['post /api/registry/accept', 200, { body: loseRegistry }],
      ['post /api/registry/restore', 200, { body: loseRegistry }],
      ['get /api/audit', 200],
      ['get /api/webhook', 200],
      ['post /api/webhook/ping', 200],
    ],
  },
  {
    name: 'a node, for readers',
    url: () => agent.url,
    calls: [
      ['get /stats', 200],
      ['get /api/stats', 200],
      ['get /info', 200],
      ['get /info/uplot.js', 200],
      ['get /info/uplot.css', 200],
      ['get /robots.txt', 200],
      ['get /openapi.json', 200],
      ['post /api/spawn', 200],
      [
        `post ${ORDER_PATH}`,
        200,
        {
          body: () => ({
            order: 'uncordon',
            node: 'node1',
            nonce: 'a-nonce-of-it',
            expires: Date.now() + 30_000,
          }),
        },
      ],
      [
        `post ${ORDER_PATH}`,
        403,
        {
          body: () => ({
            order: 'cordon',
            node: 'node2',
            nonce: 'another-nonce',
            expires: Date.now() + 30_000,
          }),
        },
      ],
    ],
  },
  {
    name: 'a node, for operators',
    url: () => agent.controlUrl,
    calls: [
      ...[
        '/healthz',
        '/readyz',
        '/metrics',
        '/api/status',
        '/api/sandboxes',
        '/api/audit',
        '/openapi.json',
      ].map((path): Call => [`get ${path}`, 200]),
      ['post /api/cordon', 200],
      ['post /api/uncordon', 200],
      ['post /api/drain', 400, { body: () => ({ deadline: 'soon' }) }],
      ['post /api/drain', 200, { body: () => ({ deadline: 60 }) }],
      ['post /api/uncordon', 200],
      ['delete /api/pool', 200],
      ['post /api/pool/resize', 200, { body: () => ({ warm: 1 }) }],
      ['post /api/pool/resize', 200, { body: () => ({ warm: null }) }],
      ['post /api/pool/resize', 400, { body: () => ({ warm: 'many' }) }],
      ['post /api/reload', 200],
      ['post /api/pool/pause', 200],
      ['post /api/pool/resume', 200],
      ['post /api/pool/refresh', 200],
      ['get /api/log', 200],
      ['post /api/sandboxes/{id}/exec', 200, { ...ofSandbox, body: () => ({ command: ['true'] }) }],
      ['post /api/sandboxes/{id}/exec', 400, { ...ofSandbox, body: () => ({ command: [] }) }],
      ['post /api/sandboxes/{id}/exec', 404, { ...nobody, body: () => ({ command: ['true'] }) }],
      ['post /api/sandboxes/{id}/save', 200, ofSandbox],
      ['post /api/sandboxes/{id}/save', 400, { ...ofSandbox, body: () => ({ format: 'rar' }) }],
      ['post /api/sandboxes/{id}/save', 404, nobody],
      ['get /api/sandboxes/{id}', 200, ofSandbox],
      ['get /api/sandboxes/{id}/output', 200, ofSandbox],
      ['delete /api/sandboxes/{id}', 202, ofSandbox],
      ['get /api/sandboxes/{id}', 404, nobody],
      ['delete /api/sandboxes/{id}', 404, nobody],
    ],
  },
];

async function readDocument(
  url: string,
): Promise<{ readonly document: Document; readonly raw: Record<string, unknown> }> {
  const answer = await fetch(`${url}/openapi.json`);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const raw: unknown = await answer.json();
  return { document: documentSchema.parse(raw), raw: z.looseObject({}).parse(raw) };
}

/** Throws with the schema's errors when the answer does not match its description. */
function checkAnswer(
  { document, raw }: Awaited<ReturnType<typeof readDocument>>,
  [operation, status]: Call,
  type: string,
  text: string,
): void {
  const [method = '', path = ''] = operation.split(' ');
  const described = document.paths[path]?.[method]?.responses[String(status)];
  if (described === undefined) throw new Error(`${operation} is not described to answer ${status}`);
  const content = Object.entries(described.content ?? {});
  const [fits] = content.filter(([described]) => type.startsWith(described.split(';')[0] ?? ''));
  if (fits === undefined) throw new Error(`${operation} answers with ${type}, which is not described`);
  if (!type.startsWith('application/json')) return;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(raw, 'document');
  const pointer = [
    'paths',
    path,
    method,
    'responses',
    String(status),
    'content',
    'application/json',
    'schema',
  ];
  const ref = pointer
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.compile({ $ref: `document#/${ref}` });
  if (!validate(JSON.parse(text)))
    throw new Error(`${operation} ${status}: ${ajv.errorsText(validate.errors)}\n${text}`);
}

async function call(base: string, [operation, , { id, body } = {}]: Call): Promise<Response> {
  const [method = '', path = ''] = operation.split(' ');
  const text = body === undefined ? undefined : JSON.stringify(await body());
  return fetch(base + path.replace('{id}', id?.() ?? '').replace('{sandbox}', claimed()), {
    method: method.toUpperCase(),
    ...(text === undefined
      ? {}
      : { body: text, headers: { [SIGNATURE_HEADER]: signOrder(text, orderKey(SECRET)) } }),
  });
}

/** The whole body, or the first event of a stream that never ends. */
async function firstOf(answer: Response): Promise<string> {
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) return answer.text();
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value);
}

describe.each(LISTENERS)('$name', ({ url, calls }) => {
  test('has a valid document', async () => {
    const result = await new Validator().validate((await readDocument(url())).raw);
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  test('serves every documented operation, and every operation is documented', async () => {
    const { paths } = (await readDocument(url())).document;
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const succeeded = calls.filter(([, status]) => status < 400).map(([operation]) => operation);
    expect([...new Set(succeeded)].sort()).toEqual(described.sort());
  });

  test('answers as documented', async () => {
    const { document, raw } = await readDocument(url());
    await until('one is warm', () => agent.pool.status().warm > 0);
    for (const each of calls) {
      const answer = await call(url(), each);
      const text = await firstOf(answer);
      expect([each[0], answer.status, text]).toEqual([each[0], each[1], text]);
      checkAnswer({ document, raw }, each, answer.headers.get('content-type') ?? '', text);
    }
  });
});
