// Wires a redirector together; nothing runs until `startRedirector` is called.
import { join } from 'node:path';
import { type Clock, newNonce, type Random, systemClock, systemRandom } from '../shared/clock.ts';
import { parseSecrets } from '../shared/config/common.ts';
import type { Logger } from '../shared/logging.ts';
import { serve } from '../shared/serving.ts';
import { redirectorKey } from '../shared/ticket.ts';
import { VERSION } from '../shared/version.ts';
import { nodeIdFromUrl, normalizeNodeUrl } from '../shared/wire.ts';
import { createPublicHandler, isOwn } from './app.ts';
import { checkRedirectorConfig, type RedirectorConfig } from './config.ts';
import { Dispatcher } from './dispatch.ts';
import { Fleet } from './fleet.ts';
import { createRedirectorMetrics } from './metrics.ts';
import { createNodesApi } from './nodes-api.ts';
import { Poller } from './poller.ts';
import { createRedirect } from './redirect.ts';
import { createRefuse } from './refuse.ts';
import { FileRegistry } from './registry/file.ts';
import { SpawnDesk } from './spawn.ts';
import { describeNode, summarize } from './summary.ts';

export interface Surroundings {
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Redirector {
  readonly url: string;
  readonly controlUrl: string;
  readonly fleet: Fleet;
  close(): Promise<void>;
}

const GRACE_MS = 3_000;

/** @throws FleetError `bad-config`, `port-taken`, `registry-unreadable` */
export async function startRedirector(
  config: RedirectorConfig,
  surroundings: Surroundings,
): Promise<Redirector> {
  const { logger, clock = systemClock, random = systemRandom } = surroundings;
  checkRedirectorConfig(config);
  const secrets = parseSecrets(config.secret);
  const identity = {
    redirector: config.redirectorId === '' ? newNonce() : config.redirectorId,
    boot: newNonce(),
  };
  const ourKey = secrets.length === 0 ? undefined : redirectorKey(identity);

  const fleet = new Fleet(clock);
  const metrics = createRedirectorMetrics(fleet, clock);
  const dispatcher = new Dispatcher({ fleet, secrets, ...identity, clock, random });
  const refuse = createRefuse({ retryAfter: config.retryAfter, count: metrics.countRefusal });
  const redirect = createRedirect({
    dispatcher,
    isOwn,
    refuse,
    count: (sent) => metrics.countSent('redirect', sent),
  });
  const desk = new SpawnDesk({ dispatcher, logger, count: (sent) => metrics.countSent('spawn', sent) });
  const stats = (): object => summarize(fleet, VERSION);

  const publicServer = await serve({
    what: 'the redirector for its readers',
    host: config.host,
    port: config.port,
    flag: '--port',
    handle: createPublicHandler({ config, redirect, desk, stats, logger }),
  });
  const registry = openRegistry(config, logger);
  const describe = (view: Parameters<typeof describeNode>[0]): object =>
    describeNode(view, ourKey, clock.now());
  const api = createNodesApi({ config, registry, fleet, describe, metrics: metrics.registry, logger });
  const controlServer = await serve({
    what: "the redirector's control listener",
    host: config.controlHost,
    port: config.controlPort,
    flag: '--control-port',
    handle: api.callback(),
  }).catch(async (error: unknown) => {
    await Promise.all([publicServer.close(0), registry.close()]);
    throw error;
  });

  const poller = new Poller({ fleet, clock, random, logger, ...config });
  registry.watch((members) => {
    fleet.setMembers(members);
    poller.sync();
  });
  fleet.setMembers(registry.members());
  for (const url of config.nodes.map(normalizeNodeUrl)) {
    if (!registry.members().some((member) => member.url === url))
      await registry.add({ id: nodeIdFromUrl(url), url });
  }
  poller.sync();
  if (secrets.length === 0)
    logger.warn('no secret is set, so who is still on the way to a node is only guessed at');
  logger.info({ url: publicServer.url, control: controlServer.url, nodes: fleet.size }, 'redirector is up');

  return {
    url: publicServer.url,
    controlUrl: controlServer.url,
    fleet,
    close: async () => {
      await Promise.all([publicServer.close(GRACE_MS), controlServer.close(0)]);
      await Promise.all([poller.stop(), registry.close(), desk.close()]);
    },
  };
}

function openRegistry(config: RedirectorConfig, logger: Logger): FileRegistry {
  return new FileRegistry(join(config.dataDir, 'nodes.json'), logger);
}
