// What a node's two listeners answer, described for programs. `serveOpenApi` holds it against the routes.
import { z } from 'zod';
import type { ApiDescription, Operation } from '../shared/http/openapi.ts';
import { ORDER_PATH, orderSchema, SIGNATURE_HEADER } from '../shared/protocol/order.ts';
import { probeAnswerSchema, probeSchema } from '../shared/protocol/probe.ts';
import { nodeStatsSchema, sandboxSchema, spawnAnswerSchema } from '../shared/protocol/wire.ts';
import { drainBody } from './control/bodies.ts';
import { resizeBody, statusSchema } from './control/pool-routes.ts';
import { INFO_ASSETS } from './public/info-page.ts';

const report: Operation['answers'] = {
  200: {
    description: 'one snapshot, from memory; the first four fields are as tmpnb has them',
    schema: nodeStatsSchema,
  },
};
const file = (description: string, type: string): Operation['answers'] => ({ 200: { description, type } });

export const PUBLIC_API: ApiDescription = {
  title: 'tmpfleet node, for readers and programs',
  description:
    '`/` and the claim paths (`/tree`, `/notebooks/…`) give a reader a sandbox: 302 to `/user/{id}/…`, which is proxied to it.',
  operations: [
    { method: 'get', path: '/stats', summary: "The node's report", answers: report },
    { method: 'get', path: '/api/stats', summary: 'The same', answers: report },
    {
      ...{ method: 'post', path: '/api/spawn', summary: 'A sandbox for a program', token: 'api' },
      description: 'With a ticket in the query that was used before, the same sandbox again.',
      query: { ticket: { description: "a redirector's", schema: z.string().optional() } },
      answers: { 200: { description: 'where the sandbox is', schema: spawnAnswerSchema } },
      refuses: { 429: 'when the node is full; with `Retry-After`' },
    },
    {
      ...{ method: 'post', path: ORDER_PATH, summary: 'An order, or a probe, of the front' },
      body: z.union([orderSchema, probeSchema]),
      description: `Signed with the fleet's secret in the header \`${SIGNATURE_HEADER}\`: good once, for a minute.`,
      answers: {
        200: {
          description: 'the report as it is now; to a probe, what it asks, signed',
          schema: z.union([nodeStatsSchema, probeAnswerSchema]),
        },
      },
      refuses: {
        403: 'when it is not signed, too old, for another node, or was taken already',
        404: 'when this node has no secret',
        409: "when it does not fit the node's state",
        413: 'when it is too long',
      },
    },
    {
      ...{ method: 'get', path: '/info', summary: 'The slots, live, for people' },
      answers: file('a page', 'text/html'),
    },
    ...Object.entries(INFO_ASSETS).map(
      ([path, { type }]): Operation => ({
        ...{ method: 'get', path, summary: 'A part of that page' },
        answers: file('as it is', type),
      }),
    ),
    {
      ...{ method: 'get', path: '/robots.txt', summary: 'No crawler is welcome' },
      answers: file('as crawlers read it', 'text/plain'),
    },
  ],
};

const health: Operation['answers'] = {
  200: { description: 'it is', schema: z.object({ status: z.literal('ok') }) },
};
const standing = (path: string, summary: string): Operation => ({
  ...{ method: 'post', path, summary, answers: report, token: 'control' },
  refuses: { 409: "when it does not fit the node's state" },
});
const unknown = { 404: 'when there is no such sandbox' };
const status: Operation['answers'] = {
  200: {
    description: 'the report, and what only an operator needs to know of the pool',
    schema: statusSchema,
  },
};

export const CONTROL_API: ApiDescription = {
  title: 'tmpfleet node, for operators',
  description: "On loopback unless told otherwise. The node's state, its pool and its sandboxes.",
  operations: [
    { method: 'get', path: '/healthz', summary: 'Is the process well?', answers: health },
    {
      ...{ method: 'get', path: '/readyz', summary: 'Does the pool run?', answers: health },
      refuses: { 503: 'when the engine is not open yet' },
    },
    {
      ...{ method: 'get', path: '/metrics', summary: 'Numbers for Prometheus', token: 'control' },
      answers: file("Prometheus' text format", 'text/plain'),
    },
    {
      method: 'get',
      path: '/api/status',
      summary: 'Its report, and its pool',
      answers: status,
      token: 'control',
    },
    {
      ...{ method: 'post', path: '/api/pool/resize', summary: 'Another size, from now on', token: 'control' },
      description:
        'Outlives a restart, until the option is configured anew; null goes back to what is configured.',
      ...{ body: resizeBody, answers: status, refuses: { 400: 'when the body is not as it should be' } },
    },
    {
      ...{ method: 'post', path: '/api/pool/pause', summary: 'Starts nothing more', token: 'control' },
      answers: status,
    },
    {
      ...{ method: 'post', path: '/api/pool/resume', summary: 'Starts again', token: 'control' },
      answers: status,
    },
    {
      ...{ method: 'delete', path: '/api/pool', summary: 'Replaces all that nobody has', token: 'control' },
      description: 'Step by step, never below half of what is to be ready.',
      answers: {
        200: {
          description: 'how many will be replaced',
          schema: z.object({ drained: z.number().int() }),
        },
      },
    },
    standing('/api/cordon', 'No new readers, until it is uncordoned'),
    standing('/api/uncordon', 'New readers again'),
    {
      ...standing('/api/drain', 'No new readers, and by the deadline none at all'),
      body: drainBody,
      refuses: { 400: 'when the body is not as it should be', 409: "when it does not fit the node's state" },
    },
    {
      ...{ method: 'get', path: '/api/sandboxes', summary: 'All sandboxes', token: 'control' },
      answers: { 200: { description: 'oldest first', schema: z.array(sandboxSchema) } },
    },
    {
      ...{ method: 'get', path: '/api/sandboxes/{id}', summary: 'One sandbox', token: 'control' },
      ...{ answers: { 200: { description: 'as it is', schema: sandboxSchema } }, refuses: unknown },
    },
    {
      ...{ method: 'delete', path: '/api/sandboxes/{id}', summary: 'Ends a sandbox', token: 'control' },
      answers: { 202: { description: 'it is being removed', schema: sandboxSchema } },
      refuses: unknown,
    },
  ],
};
