// Routes of the control listener for the registry: its state, the decisions after data loss, and the audit trail.

import { hostname } from 'node:os';
import type Router from '@koa/router';
import type Koa from 'koa';
import { z } from 'zod';
import type { AuditEntry, RegistryStatusJson } from '../../shared/api/registry.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { readJsonBody } from '../../shared/http/koa-app.ts';
import { type Registry as MetricsRegistry, only, showGauge } from '../../shared/metrics.ts';
import type { AuditTrail, OwnedRegistry, RegistryRecovery } from '../registry/registry.ts';
import { parseBody } from './bodies.ts';

export const ACTOR_HEADER = 'Tmpfleet-Actor';
const LONGEST_ACTOR = 100;
const LONGEST_BODY = 2_000;

export const forceBody = z.object({
  force: z.literal(true).describe('required, because the data of one side will be lost'),
});

export const AUDIT_LIMIT = { least: 1, most: 1_000, usual: 100 };
const limitSchema = z.coerce.number().int().min(AUDIT_LIMIT.least).max(AUDIT_LIMIT.most);

export function addRegistryRoutes(router: Router, { membership, recovery, audit }: OwnedRegistry): void {
  const describe = (): RegistryStatusJson => {
    const { since, why, ...status } = recovery.status();
    const nodes = membership.members().length;
    return { ...status, changed_at: new Date(since).toISOString(), reason: why ?? null, nodes };
  };
  router.get('/api/registry', (context) => {
    context.body = describe();
  });
  for (const decision of ['accept', 'restore'] as const) {
    router.post(`/api/registry/${decision}`, async (context) => {
      parseBody(forceBody, await readJsonBody(context), '{"force":true}');
      await recovery[decision]();
      context.body = describe();
    });
  }
  router.get('/api/audit', async (context) => {
    const { limit = AUDIT_LIMIT.usual } = context.query;
    const parsed = limitSchema.safeParse(limit);
    if (!parsed.success) {
      const { least, most } = AUDIT_LIMIT;
      throw new FleetError('bad-request', `limit: ${JSON.stringify(limit)} is not from ${least} to ${most}`);
    }
    context.body = await audit.list(parsed.data);
  });
}

/** Adds every order to the registry's audit trail, refused ones too; requests without the token are refused before. */
export function auditing(audit: AuditTrail, redirectorId: string): Koa.Middleware {
  const redirector = redirectorId === '' ? hostname() : redirectorId;
  return async (context, next) => {
    if (context.method !== 'POST' && context.method !== 'DELETE') return next();
    // Now: a connection that is cut meanwhile has none any more.
    const address = context.ip;
    const note = (status: number, message?: string): Promise<void> => {
      const entry: AuditEntry = {
        at: new Date().toISOString(),
        redirector,
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

export function showRegistry(metrics: MetricsRegistry, recovery: RegistryRecovery): void {
  const show = (name: string, help: string, value: () => boolean): void =>
    showGauge(metrics, { name, help, rows: () => only(value() ? 1 : 0) });
  show(
    'tmpfleet_registry_reachable',
    '1 if the registry of nodes (a file or a Redis) answers; 0: the fleet continues with the nodes last known',
    () => recovery.status().state !== 'unreachable',
  );
  show(
    'tmpfleet_registry_lost',
    '1 while the registry looks emptied or rolled back, and is ignored until an operator decides; else 0',
    () => recovery.status().state === 'lost',
  );
}
