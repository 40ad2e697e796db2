// Wires a redirector together; nothing runs until `startRedirector` is called.
import { newNonce, systemClock, systemRandom } from '../shared/clock.ts';
import { parseSecrets } from '../shared/config/common.ts';
import { corsHeaders } from '../shared/http/cors.ts';
import { type Serving, serve } from '../shared/http/serving.ts';
import type { Registry as MetricsRegistry } from '../shared/metrics.ts';
import { redirectorKey } from '../shared/protocol/ticket.ts';
import type { Member } from '../shared/protocol/wire.ts';
import type { Surroundings } from '../shared/runtime.ts';
import { VERSION } from '../shared/version.ts';
import { probeNode } from './admission/admission.ts';
import { checkRedirectorConfig, type RedirectorConfig } from './config.ts';
import { createNodesApi } from './control/app.ts';
import { Orders } from './control/node-orders.ts';
import { showRegistry } from './control/registry-routes.ts';
import { openFleetPage } from './fleet-page/fleet-page.ts';
import type { Tally } from './fleet-page/history.ts';
import { tallyRegistry } from './fleet-page/tally.ts';
import { createRedirectorMetrics } from './metrics/metrics.ts';
import { Fleet } from './nodes/fleet.ts';
import type { NodeView } from './nodes/node-view.ts';
import { describeNode, summarize } from './nodes/summary.ts';
import { Dispatcher } from './placement/dispatcher.ts';
import { WaitingRoom } from './placement/waiting-room.ts';
import { Poller } from './polling/poller.ts';
import { createAccessLog } from './public/access-log.ts';
import { createPublicHandler, isOwn } from './public/app.ts';
import { createFound } from './public/found.ts';
import { createRedirect } from './public/redirect.ts';
import { SpawnDesk } from './public/spawn.ts';
import { createRefuse } from './public/unavailable.ts';
import { openRegistry } from './registry/open.ts';
import type { KeptRegistry, Registry } from './registry/registry.ts';
import { ConfiguredNodes } from './registry/seed-nodes.ts';
import { WholeRegistry } from './workers/metrics.ts';
import { announced } from './workers/registry.ts';
import { Workers } from './workers/workers.ts';

export interface Redirector {
  readonly url: string;
  readonly controlUrl: string;
  readonly fleet: Fleet;
  close(): Promise<void>;
}

const GRACE_MS = 3_000;

/** What answers readers: all of a redirector but its control listener and its word on which nodes there are. */
export interface Front {
  readonly url: string;
  readonly fleet: Fleet;
  readonly metrics: MetricsRegistry;
  /** What this process has of them: with workers, `metrics` has theirs too. */
  readonly ownMetrics: MetricsRegistry;
  /** The name of ours under which nodes count tickets; none without a secret. */
  readonly ourKey: string | undefined;
  /** What it counted so far. */
  tally(): Promise<Tally>;
  close(): Promise<void>;
}

/** @throws FleetError `bad-config`, `port-taken`, `registry-unreadable` */
export async function startRedirector(
  config: RedirectorConfig,
  surroundings: Surroundings,
): Promise<Redirector> {
  const { logger } = surroundings;
  checkRedirectorConfig(config);
  const registry = await openRegistry(config, logger);
  const open: { close(): Promise<void> }[] = [registry];
  const close = async (): Promise<void> => {
    for (const part of open.splice(0).reverse()) await part.close();
  };
  try {
    const front =
      config.workers > 1
        ? await startPrimary(config, registry, surroundings)
        : { ...(await startFront(config, registry, surroundings)), registry };
    open.push(front);
    showRegistry(front.ownMetrics, registry);
    const control = await startControl(config, front, surroundings);
    open.push(control);
    open.push(await ConfiguredNodes.add({ urls: config.nodes, registry: front.registry, logger }));
    const { fleet, url } = front;
    if (config.secret === '')
      logger.warn('no secret is set, so who is still on the way to a node is only guessed at');
    logger.info({ url, control: control.url, nodes: fleet.size }, 'redirector is up');
    return { url, controlUrl: control.url, fleet, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws FleetError `port-taken` */
export async function startFront(
  config: RedirectorConfig,
  registry: Registry,
  surroundings: Surroundings,
): Promise<Front> {
  const { logger, clock = systemClock, random = systemRandom } = surroundings;
  const secrets = parseSecrets(config.secret);
  const identity = {
    redirector: config.redirectorId === '' ? newNonce() : config.redirectorId,
    boot: newNonce(),
  };
  const heed = secrets.length === 0 ? undefined : redirectorKey(identity);
  const view = openView(config, registry, surroundings, heed);
  const { fleet, metrics } = view;
  const dispatcher = new Dispatcher({ fleet, secrets, ...identity, clock, random });
  const room = new WaitingRoom({
    ...{ dispatcher, fleet, clock, holdFor: config.holdFor },
    askNow: view.askNow,
    count: metrics.countWait,
  });
  const refuse = createRefuse({ retryAfter: config.retryAfter, count: metrics.countRefusal });
  const logged = createAccessLog({ share: config.accessLogSample, logger, random });
  const redirect = createRedirect({
    dispatcher,
    room,
    found: createFound(corsHeaders(config)),
    isOwn,
    refuse,
    count: (sent) => metrics.countSent('redirect', sent),
    countBounce: metrics.countBounce,
    ...(logged === undefined ? {} : { logged }),
  });
  const desk = new SpawnDesk({
    dispatcher,
    room,
    logger,
    retryAfter: config.retryAfter,
    count: (sent) => metrics.countSent('spawn', sent),
    countRefusal: metrics.countRefusal,
  });
  const stats = (): object => summarize(fleet, VERSION);
  const server = await serve({
    what: 'the redirector for its readers',
    host: config.host,
    port: config.port,
    flag: '--port',
    wholeAnswers: true,
    handle: createPublicHandler({ config, redirect, desk, stats, logger }),
  }).catch(async (error: unknown) => {
    await view.close();
    throw error;
  });
  metrics.showReaders(() => room.size, server.connections);
  return {
    url: server.url,
    fleet,
    metrics: metrics.registry,
    ownMetrics: metrics.registry,
    ourKey: secrets.length === 0 ? undefined : redirectorKey(identity),
    tally: () => tallyRegistry(metrics.registry),
    close: async () => {
      await server.close(GRACE_MS);
      await Promise.all([view.close(), desk.close()]);
    },
  };
}

/** The same for many: workers answer the readers; the view here is what the control listener tells of. */
async function startPrimary(
  config: RedirectorConfig,
  registry: KeptRegistry,
  surroundings: Surroundings,
): Promise<Front & { readonly registry: KeptRegistry }> {
  const { logger } = surroundings;
  const workers = await Workers.start({ config, logger, members: () => registry.members() });
  const view = openView(config, registry, surroundings);
  // Also what an editor changed in the registry's file.
  registry.watch(() => void workers.announce());
  view.metrics.showWorkers(() => workers.running);
  return {
    url: workers.url,
    fleet: view.fleet,
    metrics: new WholeRegistry({
      own: view.metrics.registry,
      others: () => workers.metrics(),
      isNode: (id) => view.fleet.get(id) !== undefined,
    }),
    ownMetrics: view.metrics.registry,
    ourKey: undefined,
    tally: async () => workers.tally(),
    registry: announced(registry, () => workers.announce()),
    close: async () => {
      await Promise.all([workers.close(), view.close()]);
    },
  };
}

/** What is known of the nodes, kept up by polls. */
function openView(config: RedirectorConfig, registry: Registry, surroundings: Surroundings, heed?: string) {
  const { logger, clock = systemClock, random = systemRandom } = surroundings;
  const fleet = new Fleet(clock, config);
  const metrics = createRedirectorMetrics(fleet, clock);
  const poller = new Poller({ fleet, clock, random, logger, heed, count: metrics.countPoll, ...config });
  const take = (members: readonly Member[]): void => {
    fleet.setMembers(members);
    poller.sync();
  };
  registry.watch(take);
  take(registry.members());
  return {
    fleet,
    metrics,
    askNow: (node: NodeView) => poller.askNow(node),
    close: () => poller.stop(),
  };
}

async function startControl(
  config: RedirectorConfig,
  { fleet, metrics, ourKey, registry, tally }: Front & { readonly registry: KeptRegistry },
  { logger, clock = systemClock }: Surroundings,
): Promise<Pick<Serving, 'url' | 'close'>> {
  const describe = (view: NodeView): object => describeNode(view, ourKey, clock.now());
  const secrets = parseSecrets(config.secret);
  const orders = new Orders({ fleet, secrets, clock });
  const probe = (member: Member) => probeNode({ member, views: () => fleet.views(), secrets, clock });
  const page = openFleetPage({ fleet, clock, logger, tally });
  const api = createNodesApi({ config, registry, fleet, orders, probe, describe, metrics, logger, page });
  const control = await serve({
    what: "the redirector's control listener",
    host: config.controlHost,
    port: config.controlPort,
    flag: '--control-port',
    handle: api.callback(),
  }).catch(async (error: unknown) => {
    await page.close();
    throw error;
  });
  return {
    url: control.url,
    close: async () => {
      await page.close();
      await control.close(0);
    },
  };
}
