// The front's control listener: which nodes there are. Loopback by default, a bearer token when not.
import { hostname } from 'node:os';
import Router from '@koa/router';
import type Koa from 'koa';
import { auditing } from '../../shared/audit/auditing.ts';
import { FleetError } from '../../shared/errors.ts';
import { refuseForeignPages } from '../../shared/http/control-guard.ts';
import { createApp, readJsonBody, requireToken } from '../../shared/http/koa-app.ts';
import { OPENAPI_PATH, serveOpenApi } from '../../shared/http/openapi.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Registry as MetricsRegistry } from '../../shared/metrics.ts';
import { ORDERS } from '../../shared/protocol/order.ts';
import { type Member, nodeIdFromUrl, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import { addReloadRoute } from '../../shared/reload/route.ts';
import type { ConfigReloader } from '../../shared/runtime.ts';
import { VERSION } from '../../shared/version.ts';
import type { Probed } from '../admission/findings.ts';
import type { RedirectorConfig } from '../config.ts';
import type { FleetPage } from '../fleet-page/fleet-page.ts';
import { type Fleet, findNode } from '../nodes/fleet.ts';
import type { Membership, OwnedRegistry } from '../registry/registry.ts';
import type { Webhook } from '../webhook/webhook.ts';
import { addBody, hostBody, orderBody, parseBody } from './bodies.ts';
import type { FleetDescriber } from './fleet-json.ts';
import type { Orders } from './node-orders.ts';
import { addNodePoolRoutes } from './node-routes.ts';
import { CONTROL_API } from './openapi.ts';
import { addRegistryRoutes } from './registry-routes.ts';
import { refuseIfInUse } from './removal-guard.ts';
import { addWebhookRoutes } from './webhook-routes.ts';

export interface NodesApiOptions {
  readonly config: RedirectorConfig;
  readonly registry: OwnedRegistry;
  readonly fleet: Fleet;
  readonly orders: Orders;
  /** What is found at a node that is to be added. */
  readonly probe: (member: Member) => Promise<Probed>;
  readonly describer: FleetDescriber;
  readonly metrics: MetricsRegistry;
  readonly reload: ConfigReloader['run'] | undefined;
  readonly logger: Logger;
  readonly page: FleetPage;
  readonly webhook: Webhook;
}

/** What `GET /` points to. */
const SEE = [
  '/fleet',
  '/api/nodes',
  '/api/fleet',
  '/api/history',
  '/api/events',
  '/api/registry',
  '/api/audit',
  '/api/webhook',
  '/hosts',
  '/metrics',
  '/healthz',
  '/readyz',
  OPENAPI_PATH,
];

export function createNodesApi(options: NodesApiOptions): Koa {
  const { config, fleet } = options;
  const app = createApp({ logger: options.logger });
  app.use(options.page.files);
  app.use(refuseForeignPages(config.controlHost));
  const router = new Router();
  router.get('/', (context) => {
    context.body = { program: 'tmpfleet redirector', version: VERSION, see: SEE };
  });
  router.get('/healthz', (context) => {
    context.body = { status: 'ok' };
  });
  // Ready when it could send a reader somewhere, or there is nowhere yet to send anyone.
  router.get('/readyz', (context) => {
    const heard = [...fleet.views()].some((view) => view.reachability === 'reachable');
    if (fleet.size > 0 && !heard) throw new FleetError('unavailable', 'no node has been heard from');
    context.body = { status: 'ok' };
  });
  router.use(requireToken(config.controlToken));
  router.get('/metrics', async (context) => {
    context.type = options.metrics.contentType;
    context.body = await options.metrics.metrics();
  });
  router.use(auditing(options.registry.audit, { redirector: config.redirectorId || hostname() }));
  addNodeRoutes(router, options);
  addRegistryRoutes(router, options.registry);
  addOrderRoutes(router, options);
  addNodePoolRoutes(router, options);
  addHostRoutes(router, options);
  addWebhookRoutes(router, options.webhook);
  options.page.addRoutes(router);
  addReloadRoute(router, options.reload, options.logger);
  serveOpenApi(router, CONTROL_API);
  app.use(router.routes()).use(router.allowedMethods());
  return app;
}

function addNodeRoutes(router: Router, options: NodesApiOptions): void {
  const { fleet, describer, logger } = options;
  const { membership } = options.registry;
  router.get('/api/nodes', async (context) => {
    context.body = { nodes: await describer.nodes() };
  });
  router.get('/api/fleet', async (context) => {
    context.body = await describer.fleet();
  });
  router.post('/api/nodes', async (context) => {
    const body = parseBody(addBody, await readJsonBody(context), '{"url":"https://node7.example.org"}');
    const url = normalizeNodeUrl(body.url);
    const byAddress = { id: body.id ?? nodeIdFromUrl(url), url };
    // What is a member already needs no probe to be refused.
    const probed =
      body.probe && !isMember(membership, byAddress) ? await options.probe(byAddress) : undefined;
    if (probed?.refusal !== undefined) {
      const { code, message, remedy } = probed.refusal;
      logger.warn({ node: byAddress.id, url, message }, 'a node was not added');
      throw new FleetError(code, message, { remedy, details: { findings: probed.findings } });
    }
    // Its own name is the one that its log, its metrics and its operator use.
    const member = { id: body.id ?? probed?.report?.stats.fleet?.node ?? byAddress.id, url };
    await membership.add(member);
    logger.info({ node: member.id, url }, 'a node was added');
    context.status = 201;
    const view = findNode(fleet, member.id);
    // Known at once: the next to be added may be the same node by another name.
    if (probed?.report !== undefined && view.stats === undefined)
      fleet.report(view, probed.report.stats, probed.report.askedAt);
    context.body = {
      ...(await describer.node(view)),
      ...(probed === undefined ? {} : { findings: probed.findings }),
    };
  });
  router.get('/api/nodes/:id', async (context) => {
    context.body = await describer.node(findNode(fleet, context.params.id));
  });
  router.get('/api/nodes/:id/probe', async (context) => {
    const { findings, refusal } = await options.probe(findNode(fleet, context.params.id).member);
    context.body = { findings, remedy: refusal?.remedy ?? null };
  });
  router.delete('/api/nodes/:id/sandboxes/:sandbox', async (context) => {
    const view = findNode(fleet, context.params.id);
    await options.orders.end(view, context.params.sandbox ?? '');
    context.body = { removing: context.params.sandbox };
  });
  router.delete('/api/nodes/:id', async (context) => {
    const view = findNode(fleet, context.params.id);
    if (context.query.if === 'empty') refuseIfInUse(view);
    await membership.remove(view.member.id);
    logger.info({ node: view.member.id }, 'a node was removed');
    context.body = { removed: view.member.id };
  });
}

function isMember(membership: Membership, { id, url }: Member): boolean {
  return membership.members().some((member) => member.id === id || member.url === url);
}

/** Orders that are passed on to the node, which owns its state. */
function addOrderRoutes(router: Router, { fleet, orders, describer, logger }: NodesApiOptions): void {
  for (const order of ORDERS) {
    router.post(`/api/nodes/:id/${order}`, async (context) => {
      const view = findNode(fleet, context.params.id);
      const wish = parseBody(orderBody, (await readJsonBody(context)) ?? {}, '{"deadline":"30m"}');
      await orders.give(view, { ...wish, order });
      logger.info({ node: view.member.id, ...wish }, `order sent to a node: ${order}`);
      context.body = await describer.node(view);
    });
  }
}

/** tmpnb-redirector's own calls, for scripts that know it. */
function addHostRoutes(router: Router, { registry, logger }: NodesApiOptions): void {
  const { membership } = registry;
  const readHost = (body: unknown): string =>
    normalizeNodeUrl(parseBody(hostBody, body, '{"host":"https://node7.example.org"}').host);
  const memberAt = (url: string) => membership.members().find((member) => member.url === url);
  router.post('/hosts', async (context) => {
    const url = readHost(await readJsonBody(context));
    // Adding what is there already was success in tmpnb-redirector, and scripts rely on it.
    if (memberAt(url) === undefined) await membership.add({ id: nodeIdFromUrl(url), url });
    logger.info({ url }, 'a node was added');
    context.body = { host: url };
  });
  router.delete('/hosts', async (context) => {
    const url = readHost(await readJsonBody(context));
    const member = memberAt(url);
    if (member === undefined) throw new FleetError('not-found', `host: no node is at ${url}`);
    await membership.remove(member.id);
    logger.info({ url }, 'a node was removed');
    context.body = { host: url };
  });
}
