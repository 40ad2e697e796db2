// The control listener, for operators: loopback by default, with a bearer token elsewhere.
import Router from '@koa/router';
import type Koa from 'koa';
import { parseLogQuery } from '../../shared/api/log-query.ts';
import type { SandboxJson, SandboxOutputJson } from '../../shared/api/sandbox.ts';
import type { AuditTrail } from '../../shared/audit/audit-file.ts';
import { addAuditRoute, auditing } from '../../shared/audit/auditing.ts';
import { FleetError } from '../../shared/errors.ts';
import { refuseForeignPages } from '../../shared/http/control-guard.ts';
import { createApp, readJsonBody, requireToken } from '../../shared/http/koa-app.ts';
import { serveOpenApi } from '../../shared/http/openapi.ts';
import type { Logger } from '../../shared/logging.ts';
import type { LogLinesJson, LogWish } from '../../shared/protocol/log-wish.ts';
import { describeIssues } from '../../shared/protocol/wire.ts';
import { addReloadRoute } from '../../shared/reload/route.ts';
import type { ConfigReloader } from '../../shared/runtime.ts';
import type { NodeAgentConfig } from '../config.ts';
import { withoutSecrets } from '../engine/diagnosis.ts';
import type { ExecutingEngine } from '../engine/engine.ts';
import type { HomeFiles } from '../home-files/home-files.ts';
import type { OrderHandler } from '../lifecycle/orders.ts';
import type { PoolOrders } from '../lifecycle/pool-orders.ts';
import type { Pool } from '../pool/pool.ts';
import type { NodeMetrics } from '../report/metrics.ts';
import { inWallTime } from '../sandboxes/steady-clock.ts';
import { loggable, type Sandbox } from '../sandboxes/table.ts';
import { drainBody } from './bodies.ts';
import { addExecRoute } from './exec-routes.ts';
import { CONTROL_API } from './openapi.ts';
import { addPoolRoutes } from './pool-routes.ts';
import { addSaveRoute } from './save-route.ts';

export interface ControlOptions {
  readonly config: NodeAgentConfig;
  readonly pool: Pool;
  readonly engine: Pick<ExecutingEngine, 'diagnose' | 'execute'>;
  /** Thaws a sandbox, and keeps it so until what this resolves to is called. */
  readonly hold: (id: string) => Promise<() => void>;
  readonly homeFiles: HomeFiles;
  readonly orders: OrderHandler;
  readonly poolOrders: PoolOrders;
  /** The agent's own log. */
  readonly readLog: (wish: LogWish) => LogLinesJson;
  readonly metrics: NodeMetrics;
  readonly reload: ConfigReloader['run'] | undefined;
  readonly audit: AuditTrail;
  readonly logger: Logger;
  /** Whether the engine is open and the pool runs. */
  readonly isReady: () => boolean;
}

export function createControlApp(options: ControlOptions): Koa {
  const { config, metrics } = options;
  const app = createApp({ logger: options.logger });
  app.use(refuseForeignPages(config.controlHost));
  const router = new Router();
  router.get('/healthz', (context) => {
    context.body = { status: 'ok' };
  });
  router.get('/readyz', (context) => {
    if (!options.isReady()) throw new FleetError('unavailable', 'the engine is not open yet');
    context.body = { status: 'ok' };
  });
  router.use(requireToken(config.controlToken));
  router.get('/metrics', async (context) => {
    context.type = metrics.registry.contentType;
    context.body = await metrics.registry.metrics();
  });
  router.use(auditing(options.audit, { node: config.nodeId }));
  addAuditRoute(router, options.audit);
  addPoolRoutes(router, options.poolOrders);
  router.get('/api/log', (context) => {
    context.body = options.readLog(parseLogQuery(context.query));
  });
  addLifecycleRoutes(router, options);
  addSandboxRoutes(router, options);
  addExecRoute(router, options, (id) => find(options.pool, id));
  addSaveRoute(router, options, (id) => find(options.pool, id));
  addReloadRoute(router, options.reload, options.logger);
  serveOpenApi(router, CONTROL_API);
  app.use(router.routes()).use(router.allowedMethods());
  return app;
}

function addLifecycleRoutes(router: Router, { orders }: ControlOptions): void {
  router.post('/api/cordon', (context) => {
    context.body = orders.carryOut('cordon');
  });
  router.post('/api/uncordon', (context) => {
    context.body = orders.carryOut('uncordon');
  });
  router.post('/api/drain', async (context) => {
    const body = await readJsonBody(context);
    const parsed = drainBody.safeParse(body);
    if (!parsed.success) {
      throw new FleetError('bad-request', describeIssues(parsed.error, body), {
        remedy: 'give a deadline such as {"deadline":"30m"}',
      });
    }
    context.body = orders.carryOut('drain', parsed.data?.deadline);
  });
}

function addSandboxRoutes(router: Router, { pool, engine, hold }: ControlOptions): void {
  router.get('/api/sandboxes', (context) => {
    context.body = pool.table.all().map((sandbox) => describe(inWallTime(sandbox, pool.time)));
  });
  router.get('/api/sandboxes/:id', (context) => {
    context.body = describe(inWallTime(find(pool, context.params.id), pool.time));
  });
  router.get('/api/sandboxes/:id/output', async (context) => {
    const { id, token } = find(pool, context.params.id);
    // What a running one has printed is read by a command inside it.
    const letGo = await hold(id);
    const found = await engine.diagnose(id).finally(letGo);
    if (found === undefined) throw new FleetError('not-found', 'the engine has no such sandbox any more');
    const { running, exitCode, outOfMemory, output } = found;
    context.body = {
      ...{ running, exit_code: exitCode ?? null, out_of_memory: outOfMemory },
      output: withoutSecrets(output, { id, token }),
    } satisfies SandboxOutputJson;
  });
  router.delete('/api/sandboxes/:id', (context) => {
    const sandbox = find(pool, context.params.id);
    pool.end(sandbox.id, 'deleted');
    context.status = 202;
    context.body = describe(inWallTime(sandbox, pool.time));
  });
}

function find(pool: Pool, id: string | undefined): Sandbox {
  const sandbox = pool.table.get(id ?? '');
  if (sandbox === undefined)
    throw new FleetError('not-found', `no sandbox here is called ${JSON.stringify(id)}`);
  return sandbox;
}

function describe(sandbox: Sandbox): SandboxJson {
  const time = (ms: number | undefined): string | null =>
    ms === undefined ? null : new Date(ms).toISOString();
  return {
    id: sandbox.id,
    state: sandbox.state,
    frozen: sandbox.frozen === true,
    address: sandbox.address === undefined ? null : `${sandbox.address.host}:${sandbox.address.port}`,
    image: sandbox.image,
    created_at: new Date(sandbox.createdAt).toISOString(),
    claimed_at: time(sandbox.claimedAt),
    last_used_at: time(sandbox.lastUse),
    end_reason: sandbox.endReason ?? null,
    click: loggable(sandbox).click ?? null,
  };
}
