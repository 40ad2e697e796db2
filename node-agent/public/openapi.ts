// What the node's public listener answers, described for programs. `serveOpenApi` checks it against the routes.
import { z } from 'zod';
import { type ApiDescription, fileAnswer, type Operation } from '../../shared/http/openapi.ts';
import { ORDER_PATH, orderSchema, SIGNATURE_HEADER } from '../../shared/protocol/order.ts';
import { probeAnswerSchema, probeSchema } from '../../shared/protocol/probe.ts';
import { nodeStatsSchema, spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { REPORT_ANSWER } from '../report/openapi.ts';
import { INFO_ASSETS } from './info-page.ts';

export const PUBLIC_API: ApiDescription = {
  title: 'tmpfleet node, for readers and programs',
  description:
    '`/` and the claim paths (`/tree`, `/notebooks/…`) give a reader a sandbox: 302 to `/user/{id}/…`, which is proxied to it.',
  operations: [
    { method: 'get', path: '/stats', summary: "The node's report", answers: REPORT_ANSWER },
    { method: 'get', path: '/api/stats', summary: 'The same', answers: REPORT_ANSWER },
    {
      ...{ method: 'post', path: '/api/spawn', summary: 'A sandbox for a program', token: 'api' },
      description: 'With a ticket in the query that was used before, the same sandbox again.',
      query: { ticket: { description: "a redirector's", schema: z.string().optional() } },
      answers: { 200: { description: 'where the sandbox is', schema: spawnAnswerSchema } },
      refuses: ['full'],
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
      refuses: ['forbidden', 'not-found', 'no-such-path', 'wrong-state', 'body-too-large'],
    },
    {
      ...{ method: 'get', path: '/info', summary: 'The slots, live, for people' },
      answers: fileAnswer('a page', 'text/html'),
    },
    ...Object.entries(INFO_ASSETS).map(
      ([path, { type }]): Operation => ({
        ...{ method: 'get', path, summary: 'A part of that page' },
        answers: fileAnswer('as it is', type),
      }),
    ),
    {
      ...{ method: 'get', path: '/robots.txt', summary: 'No crawler is welcome' },
      answers: fileAnswer('as crawlers read it', 'text/plain'),
    },
  ],
};
