// Routes of the control listener for the registry: its state, the decisions after data loss, and the audit trail.
import type Router from '@koa/router';
import { z } from 'zod';
import type { RegistryStatusJson } from '../../shared/api/registry.ts';
import { addAuditRoute } from '../../shared/audit/auditing.ts';
import { readJsonBody } from '../../shared/http/koa-app.ts';
import { type Registry as MetricsRegistry, only, showGauge } from '../../shared/metrics.ts';
import type { OwnedRegistry, RegistryRecovery } from '../registry/registry.ts';
import { parseBody } from './bodies.ts';

export const forceBody = z.object({
  force: z.literal(true).describe('required, because the data of one side will be lost'),
});

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
  addAuditRoute(router, audit);
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
