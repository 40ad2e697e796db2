// OpenAPI description of the node's public listener. `serveOpenApi` checks it against the routes.
import { z } from 'zod';
import { nodePoolSchema } from '../../shared/api/pool.ts';
import { type ApiDescription, fileAnswer, type Operation } from '../../shared/http/openapi.ts';
import { logLinesSchema } from '../../shared/protocol/log-wish.ts';
import { ORDER_PATH, orderSchema, SIGNATURE_HEADER } from '../../shared/protocol/order.ts';
import { probeAnswerSchema, probeSchema } from '../../shared/protocol/probe.ts';
import { nodeStatsSchema, spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { REPORT_ANSWER } from '../report/openapi.ts';
import { INFO_ASSETS } from './info-page.ts';

export const PUBLIC_API: ApiDescription = {
  title: 'tmpfleet node, for readers and programs',
  description:
    '`/` and the claim paths (`/tree`, `/notebooks/…`) give a reader a sandbox: 302 to `/user/{id}/…`, which is proxied to it. There, `GET /user/{id}/.tmpfleet/files.zip` and `files.tar.gz` give the files of the sandbox to its owner.',
  operations: [
    { method: 'get', path: '/stats', summary: "The node's report", answers: REPORT_ANSWER },
    { method: 'get', path: '/api/stats', summary: 'The same as `/stats`', answers: REPORT_ANSWER },
    {
      ...{ method: 'post', path: '/api/spawn', summary: 'Claims a sandbox for a program', token: 'api' },
      description:
        'A repeated request with the same ticket gets the same sandbox. A node may require a ticket (`forbidden`).',
      query: { ticket: { description: 'a ticket of a redirector', schema: z.string().optional() } },
      answers: { 200: { description: 'where the sandbox is', schema: spawnAnswerSchema } },
      refuses: ['full', 'forbidden', 'too-many-requests', 'too-many-sandboxes'],
    },
    {
      ...{ method: 'post', path: ORDER_PATH, summary: 'Takes an order or a probe from the front' },
      body: z.union([orderSchema, probeSchema]),
      description: `Signed by the front (Ed25519) in the header \`${SIGNATURE_HEADER}\`; valid once, for a minute.`,
      answers: {
        200: {
          description:
            'the report after the order, with the state of the pool after one about that; lines of the log; for a probe, its signed answer',
          schema: z.union([nodePoolSchema, nodeStatsSchema, logLinesSchema, probeAnswerSchema]),
        },
      },
      refuses: ['bad-request', 'forbidden', 'not-found', 'no-such-path', 'wrong-state', 'body-too-large'],
    },
    {
      ...{ method: 'get', path: '/info', summary: 'A page with a live chart of the slots' },
      answers: fileAnswer('a page', 'text/html'),
    },
    ...Object.entries(INFO_ASSETS).map(
      ([path, { type }]): Operation => ({
        ...{ method: 'get', path, summary: 'A file of that page' },
        answers: fileAnswer('the file', type),
      }),
    ),
    {
      ...{ method: 'get', path: '/robots.txt', summary: 'Excludes all crawlers' },
      answers: fileAnswer('the file', 'text/plain'),
    },
  ],
};
