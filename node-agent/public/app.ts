// The node's public listener: reports, claims and the info page by Koa; requests below /user/ go to the proxy before that.
import type { IncomingMessage, ServerResponse } from 'node:http';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Context } from 'koa';
import type { Clock } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import { answerPage, wantsPage } from '../../shared/http/answer.ts';
import { answerCors } from '../../shared/http/cors.ts';
import { createApp, refuseForeignPosts, requireToken } from '../../shared/http/koa-app.ts';
import { serveOpenApi } from '../../shared/http/openapi.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { limitPage } from '../../shared/limits/client-refusal.ts';
import type { Logger } from '../../shared/logging.ts';
import { LINE_HEADER, type LineClaims } from '../../shared/protocol/line-claim.ts';
import { ORDER_PATH } from '../../shared/protocol/order.ts';
import { splitTicket } from '../../shared/protocol/ticket.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';
import type { ClaimHandler } from '../claim/claim.ts';
import type { SpawnHandler } from '../claim/spawn.ts';
import type { TicketCounter } from '../claim/ticket-counter.ts';
import type { CompanionScript } from '../companion/script.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { OrderHandler } from '../lifecycle/orders.ts';
import type { NodeProxy } from '../proxy/proxy.ts';
import { nothingHerePage } from './error-page.ts';
import type { FrameArrivals } from './frame-arrivals.ts';
import { INFO_ASSETS, infoPage } from './info-page.ts';
import { PUBLIC_API } from './openapi.ts';
import type { SandboxHosts } from './sandbox-hosts.ts';

export interface PublicOptions {
  readonly config: NodeAgentConfig;
  readonly claims: ClaimHandler;
  readonly spawns: SpawnHandler;
  readonly tickets: TicketCounter;
  readonly orders: OrderHandler;
  readonly proxy: NodeProxy;
  readonly arrivals: Pick<FrameArrivals, 'handle'>;
  /** Where each sandbox has a host name of its own. */
  readonly hosts: SandboxHosts | undefined;
  /** The companion's script, at every host. */
  readonly script: CompanionScript | undefined;
  readonly snapshot: () => NodeStats;
  /** Of readers who wait at fronts. */
  readonly lines: LineClaims;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

const ROBOTS = 'User-agent: *\nDisallow: /\n';

const POST_ONLY: ReadonlySet<string> = new Set(['/api/spawn', '/api/spawn/', ORDER_PATH]);

/** The handler of every public request. */
export function createPublicHandler(
  options: PublicOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { config, proxy, arrivals, hosts, script, tickets } = options;
  const koa = createPublicApp(options).callback();
  return (request, response) => {
    if (script?.handle(request, response) === true) return;
    // Nothing else of the node's own is at the host of a sandbox.
    if (hosts?.isAtSandbox(request)) {
      // Without an allowed origin, the sandbox answers preflights itself.
      if (config.allowOrigin === '' || !answerCors(request, response, config))
        hosts.handle(request, response);
      return;
    }
    // First, at any address: a ticket that is never seen reserves a slot at the front until it expires.
    tickets.count(splitTicket(splitRequestTarget(request.url ?? '/').query).ticket);
    // Without an allowed origin, the sandbox answers preflights below /user/ itself.
    const itsOwn = config.allowOrigin === '' && /^\/+user\//.test(request.url ?? '');
    if (!itsOwn && answerCors(request, response, config)) return;
    if (hosts === undefined && arrivals.handle(request, response)) return;
    if ((hosts ?? proxy).handle(request, response)) return;
    void koa(request, response);
  };
}

function createPublicApp(options: PublicOptions): Koa {
  const { config, claims, spawns, orders, snapshot, lines, clock, logger } = options;
  const app = createApp({ logger, errorPage: limitPage });
  const router = new Router();
  router.get(['/stats', '/api/stats'], (context) => {
    context.set('Cache-Control', 'no-store');
    const claim = context.get(LINE_HEADER);
    if (claim !== '') lines.take(claim, clock.now());
    context.body = snapshot();
  });
  const onlyPrograms = refuseForeignPosts(config.allowOrigin);
  router.post(['/api/spawn', '/api/spawn/'], onlyPrograms, requireToken(config.apiToken), async (context) => {
    context.body = await spawns.spawn(context);
  });
  router.post(ORDER_PATH, async (context) => {
    context.body = await orders.receive(context);
  });
  router.get('/info', (context) => answerPage(context.res, 200, infoPage(config.nodeId)));
  for (const [path, asset] of Object.entries(INFO_ASSETS)) {
    router.get(path, (context) => {
      context.type = asset.type;
      context.set('Cache-Control', 'max-age=3600');
      context.body = asset.read();
    });
  }
  router.get('/robots.txt', (context) => {
    context.type = 'text/plain';
    context.body = ROBOTS;
  });
  serveOpenApi(router, PUBLIC_API);
  app.use(router.routes());
  app.use(async (context) => {
    if (POST_ONLY.has(context.path)) {
      context.set('Allow', 'POST, OPTIONS');
      throw new FleetError('method-not-allowed', `${context.method} is not answered at ${context.path}`);
    }
    const isClaim = context.method === 'GET' || context.method === 'HEAD' || context.method === 'POST';
    if (isClaim && (await claims.handle(context))) return;
    if (isClaim && context.method !== 'POST' && wantsPage(context.req))
      return answerNothingHere(context, config);
    if (!isClaim) throw new FleetError('method-not-allowed', `${context.method} is not answered here`);
  });
  return app;
}

/** For a browser at an address that gives no sandbox. The redirect removes a ticket from its address bar. */
function answerNothingHere(context: Context, { frontUrl }: Pick<NodeAgentConfig, 'frontUrl'>): void {
  const { path, query: rawQuery } = splitRequestTarget(context.req.url ?? '/');
  const { query, ticket } = splitTicket(rawQuery);
  if (ticket === undefined) {
    answerPage(context.res, 404, nothingHerePage(`${frontUrl}/`));
    return;
  }
  context.status = 302;
  context.res.setHeader('Location', `${path}${query === '' ? '' : `?${query}`}`);
  context.body = '';
}
