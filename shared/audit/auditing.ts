// What the control listeners of front and node do for the audit trail: they note each order, and answer which there were.
import type Router from '@koa/router';
import type Koa from 'koa';
import { z } from 'zod';
import { type AuditEntry, auditSchema } from '../api/registry.ts';
import { describeError, FleetError } from '../errors.ts';
import type { Operation } from '../http/openapi.ts';
import type { AuditTrail } from './audit-file.ts';

export const ACTOR_HEADER = 'Tmpfleet-Actor';
const LONGEST_ACTOR = 100;
const LONGEST_BODY = 2_000;
const LIMIT = { least: 1, most: 1_000, usual: 100 };
const limitSchema = z.coerce.number().int().min(LIMIT.least).max(LIMIT.most);

/**
 * Adds every order to the audit trail, refused ones too; requests without the token are refused before.
 * @param by the front or the node that carries the orders out
 */
export function auditing(audit: AuditTrail, by: Pick<AuditEntry, 'redirector' | 'node'>): Koa.Middleware {
  return async (context, next) => {
    if (context.method !== 'POST' && context.method !== 'DELETE') return next();
    // Now: a connection that is cut meanwhile has none any more.
    const address = context.ip;
    const note = (status: number, message?: string): Promise<void> => {
      const entry: AuditEntry = {
        at: new Date().toISOString(),
        ...by,
        actor: context.get(ACTOR_HEADER).slice(0, LONGEST_ACTOR),
        address,
        what: `${context.method} ${withoutKeys(context.path)}`,
        body: inShort(context.state.json),
        status,
        ...(message === undefined ? {} : { message }),
      };
      return audit.note(entry);
    };
    try {
      await next();
    } catch (error) {
      await note(error instanceof FleetError ? error.status : 500, describeError(error));
      throw error;
    }
    // No such path: not an order.
    if (context.status !== 404 || context.body !== undefined) await note(context.status);
  };
}

/** Limits the size of an entry: orders are short. */
function inShort(body: unknown): unknown {
  const text = JSON.stringify(body ?? null);
  return text.length > LONGEST_BODY ? `${text.slice(0, LONGEST_BODY)}…` : JSON.parse(text);
}

/** Shortens sandbox ids: the whole id gives access to the sandbox. */
function withoutKeys(path: string): string {
  return path.replace(/(\/sandboxes\/[^/]{8})[^/]+/, '$1…');
}

export function addAuditRoute(router: Router, audit: AuditTrail): void {
  router.get('/api/audit', async (context) => {
    const { limit = LIMIT.usual } = context.query;
    const parsed = limitSchema.safeParse(limit);
    if (!parsed.success) {
      const { least, most } = LIMIT;
      throw new FleetError('bad-request', `limit: ${JSON.stringify(limit)} is not from ${least} to ${most}`);
    }
    context.body = await audit.list(parsed.data);
  });
}

/** Describes `GET /api/audit`. */
export const AUDIT: Operation = {
  ...{
    method: 'get',
    path: '/api/audit',
    summary: 'The audit trail of orders, newest first',
    token: 'control',
  },
  query: {
    limit: {
      description: `number of entries; default ${LIMIT.usual}`,
      schema: z.number().int().min(LIMIT.least).max(LIMIT.most).optional(),
    },
  },
  answers: { 200: { description: 'orders and their results', schema: auditSchema } },
  refuses: ['bad-request'],
};
