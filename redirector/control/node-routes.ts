// Routes that ask one node about its pool and its log, by signed orders. The command asks each node that is meant.
import type Router from '@koa/router';
import { LOG_QUERY, parseLogQuery } from '../../shared/api/log-query.ts';
import { nodePoolSchema, resizeWishSchema } from '../../shared/api/pool.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { readJsonBody } from '../../shared/http/koa-app.ts';
import type { Operation } from '../../shared/http/openapi.ts';
import type { Logger } from '../../shared/logging.ts';
import { logLinesSchema } from '../../shared/protocol/log-wish.ts';
import { type Fleet, findNode } from '../nodes/fleet.ts';
import { parseBody } from './bodies.ts';
import type { Orders } from './node-orders.ts';

/** Why an order that the front passed on was not carried out. */
export const ORDER_REFUSALS: readonly ErrorCode[] = [
  ...(['no-secret', 'plain-node', 'node-unreachable', 'node-refused', 'bad-report'] as const),
];

export interface NodeRoutesOptions {
  readonly fleet: Fleet;
  readonly orders: Orders;
  readonly logger: Logger;
}

const COMMANDS = ['pause', 'resume', 'refresh'] as const;

export function addNodePoolRoutes(router: Router, { fleet, orders, logger }: NodeRoutesOptions): void {
  const path = '/api/nodes/:id/pool';
  router.get(path, async (context) => {
    context.body = await orders.pool(findNode(fleet, context.params.id), 'pool-status');
  });
  router.delete(path, async (context) => {
    const view = findNode(fleet, context.params.id);
    context.body = await orders.pool(view, 'pool-recycle');
    logger.info({ node: view.member.id }, 'order sent to a node: recycle its pool');
  });
  router.post(`${path}/resize`, async (context) => {
    const view = findNode(fleet, context.params.id);
    const size = parseBody(resizeWishSchema, await readJsonBody(context), '{"warm":40}');
    context.body = await orders.pool(view, 'pool-resize', size);
    logger.info({ node: view.member.id, ...size }, 'order sent to a node: resize its pool');
  });
  for (const command of COMMANDS) {
    router.post(`${path}/${command}`, async (context) => {
      const view = findNode(fleet, context.params.id);
      context.body = await orders.pool(view, `pool-${command}`);
      logger.info({ node: view.member.id }, `order sent to a node: ${command} its pool`);
    });
  }
  router.get('/api/nodes/:id/log', async (context) => {
    const view = findNode(fleet, context.params.id);
    context.body = await orders.log(view, parseLogQuery(context.query));
  });
}

const pool = (
  method: Operation['method'],
  path: string,
  summary: string,
  more: Pick<Operation, 'body' | 'description'> = {},
): Operation => ({
  ...{ method, path: `/api/nodes/{id}/pool${path}`, summary, ...more, token: 'control' },
  answers: { 200: { description: 'its report, and the state of its pool', schema: nodePoolSchema } },
  refuses: [
    ...(more.body === undefined ? [] : (['bad-request', 'body-too-large'] as const)),
    ...(['not-found', ...ORDER_REFUSALS] as const),
  ],
});

export const NODE_OPERATIONS: readonly Operation[] = [
  pool('get', '', "The state of a node's pool"),
  pool('delete', '', 'Replaces all unclaimed sandboxes there', {
    description: '`drained` of the answer is their number.',
  }),
  pool('post', '/resize', "Changes the size of a node's pool", { body: resizeWishSchema }),
  pool('post', '/pause', 'Pauses starts of sandboxes there'),
  pool('post', '/resume', 'Resumes starts of sandboxes there'),
  pool('post', '/refresh', 'Has the node look for a newer image', {
    description: 'Begins it; `pool.refresh` says what came of it.',
  }),
  {
    method: 'get',
    path: '/api/nodes/{id}/log',
    summary: "The last lines of a node-agent's own log",
    query: LOG_QUERY,
    answers: { 200: { description: 'lines as they were written, without secrets', schema: logLinesSchema } },
    refuses: ['bad-request', 'not-found', ...ORDER_REFUSALS],
    token: 'control',
  },
];
