// The front without its control listener: it polls the nodes and answers readers.

import type { RefusalReason } from '../shared/api/refusal.ts';
import { ArrivalsLog } from '../shared/arrivals-log.ts';
import { readBrand } from '../shared/brand/read-brand.ts';
import { newNonce, systemClock, systemRandom } from '../shared/clock.ts';
import { parseSecrets } from '../shared/config/common.ts';
import { frameAncestors } from '../shared/http/embedding.ts';
import { serve } from '../shared/http/serving.ts';
import { ArrivalLimit } from '../shared/limits/arrivals.ts';
import { showLimited } from '../shared/limits/connection-metrics.ts';
import { type ListenerLimits, listenerLimits, unlimitedIfZero } from '../shared/limits/limit-options.ts';
import { createAnswerWaiting } from '../shared/line/answer.ts';
import type { Registry as MetricsRegistry } from '../shared/metrics.ts';
import { FleetKeys } from '../shared/protocol/fleet-keys.ts';
import { redirectorKey } from '../shared/protocol/ticket.ts';
import type { Member } from '../shared/protocol/wire.ts';
import type { Runtime } from '../shared/runtime.ts';
import type { ServerCertificate } from '../shared/tls/server-certificate.ts';
import { openTracing } from '../shared/tracing/open.ts';
import { VERSION } from '../shared/version.ts';
import { Canary, type CanaryOptions } from './canary/canary.ts';
import type { RedirectorConfig } from './config.ts';
import { FrontDesk } from './line/desk.ts';
import { createRedirectorMetrics } from './metrics/metrics.ts';
import { Fleet } from './nodes/fleet.ts';
import type { NodeView } from './nodes/node-view.ts';
import { fleetRoom, summarize } from './nodes/summary.ts';
import { Dispatcher } from './placement/dispatcher.ts';
import { WaitingRoom } from './placement/waiting-room.ts';
import type { PollClient } from './polling/http-poll.ts';
import { Poller } from './polling/poller.ts';
import { createAccessLog } from './public/access-log.ts';
import { createPublicHandler, isOwn } from './public/app.ts';
import { ClickTraces } from './public/click-traces.ts';
import { createInTime } from './public/in-time.ts';
import { ProofOfWork } from './public/proof-of-work.ts';
import { createRedirect } from './public/redirect.ts';
import { createRefusalLog } from './public/refusal-log.ts';
import { ReturnCookies } from './public/return-cookie.ts';
import { SpawnDesk } from './public/spawn/spawn.ts';
import { createStatsBody } from './public/stats.ts';
import { createRefuse } from './public/unavailable.ts';
import type { Membership } from './registry/registry.ts';

const GRACE_MS = 3_000;

/** What answers readers: all of a redirector but its control listener and its word on which nodes there are. */
export interface Front {
  readonly url: string;
  readonly fleet: Fleet;
  readonly metrics: MetricsRegistry;
  readonly keys: FleetKeys;
  /** The key under which nodes report the tickets of ours that they have seen; undefined without a secret. */
  readonly ourKey: string | undefined;
  readonly limits: ListenerLimits;
  /** Undefined where it is off. @param end has a node end a sandbox */
  startCanary(end: CanaryOptions['end']): Canary | undefined;
  close(): Promise<void>;
}

export interface FrontRuntime extends Runtime {
  /** Polls the nodes; default: see `Poller`. Benchmarks compare others with it. */
  readonly pollClient?: PollClient;
  /** Default: plain HTTP. */
  readonly certificate?: ServerCertificate | undefined;
}

/** @throws FleetError `port-taken` */
export async function startFront(
  config: RedirectorConfig,
  membership: Membership,
  runtime: FrontRuntime,
): Promise<Front> {
  const { logger, clock = systemClock, random = systemRandom } = runtime;
  const keys = new FleetKeys(parseSecrets(config.secret));
  const identity = {
    redirector: config.redirectorId === '' ? newNonce() : config.redirectorId,
    boot: newNonce(),
  };
  const ourKey = keys.exist ? redirectorKey(identity) : undefined;
  const view = openView(config, { membership, runtime, keys, ourKey });
  const { fleet, metrics } = view;
  const arrivals = new ArrivalLimit({ config, now: () => clock.monotonic() });
  const dispatcher = new Dispatcher({
    ...{ fleet, keys, ...identity, clock, random },
    maxPendingPerClient: config.pendingPerClient,
    isExempt: (client) => arrivals.isExempt(client),
  });
  const { askNow } = view;
  // Before the waiting room, which watches the nodes, too: who stands in line goes first.
  const desk: FrontDesk = new FrontDesk({
    ...{ dispatcher, fleet, keys, ...identity, ourKey, clock, random, askNow },
    ...metrics.showLine(() => desk.line.size),
    placesPerClient: () => unlimitedIfZero(config.clientPlaces),
    isExempt: (client) => arrivals.isExempt(client),
  });
  view.sayInPolls(() => desk.claim());
  const room = new WaitingRoom({
    ...{ dispatcher, fleet, clock, askNow, config },
    isOwed: () => desk.owesAll(),
    count: metrics.countWait,
  });
  const logRefusal = createRefusalLog({ logger, clock });
  const countRefusal = (reason: RefusalReason): void => {
    metrics.countRefusal(reason);
    logRefusal(reason);
  };
  const refuse = createRefuse({ retryAfterMs: config.retryAfterMs, count: countRefusal });
  showLimited(metrics.registry, () => ({ arrivals: arrivals.refused, places: desk.line.refused }));
  const proof = new ProofOfWork({
    ...{ keys, clock, logger, config },
    room: () => fleetRoom(fleet, ourKey, clock.now()),
  });
  metrics.showProofOfWork(proof);
  const launches = new ArrivalsLog({ config, program: 'front', clock, logger });
  const tracing = await openTracing(config, {
    ...{ program: 'front', instance: identity.redirector, registry: metrics.registry },
    ...{ clock, random, logger },
  });
  const tracer = tracing?.tracer;
  const redirect = createRedirect({
    ...{ dispatcher, room, desk, clock, arrivals, proof, countRefusal },
    inTime: createInTime({ objective: metrics.objective, dispatcher, clock }),
    returns: new ReturnCookies({ keys, clock, trustProxy: config.trustProxy }),
    isOwn,
    refuse,
    answerWaiting: createAnswerWaiting({ retryAfterMs: config.retryAfterMs, config, clock }),
    ...{ preview: config, postOrigins: config, trustProxy: config.trustProxy },
    count: (sent, returning) => metrics.countSent(returning ? 'return' : 'redirect', sent),
    countBounce: metrics.countBounce,
    countLaunchPage: metrics.countLaunchPage,
    log: createAccessLog({ share: config.accessLogSample, logger, random, tracer }),
    launches,
    traces: tracer && new ClickTraces(tracer, clock),
  });
  const spawns = new SpawnDesk({
    fleet,
    dispatcher,
    room,
    arrivals,
    proof,
    keys,
    logger,
    clock,
    retryAfterMs: config.retryAfterMs,
    count: (sent) => metrics.countSent('spawn', sent),
    countRefusal,
    record: launches.record,
    tracer,
  });
  const stats = createStatsBody(() => summarize(fleet, VERSION), clock);
  let framePolicy = frameAncestors(config.embedOrigins);
  runtime.reloader?.watch(() => {
    framePolicy = frameAncestors(config.embedOrigins);
    keys.replace(parseSecrets(config.secret));
    fleet.compareSecrets();
  });
  const brand = readBrand(config);
  const limits = listenerLimits(config, 1);
  const server = await serve({
    what: 'the redirector for its readers',
    host: config.host,
    port: config.port,
    keepAliveTimeoutMs: config.keepAliveTimeoutMs,
    flag: '--port',
    limits: limits.readers,
    tls: runtime.certificate,
    framePolicy: () => framePolicy,
    brand,
    part: 'front',
    handle: createPublicHandler({ config, brand, redirect, desk: spawns, stats, logger }),
  }).catch(async (error: unknown) => {
    await Promise.all([view.close(), tracing?.close()]);
    throw error;
  });
  metrics.showReaders(() => room.size, server);
  return {
    url: server.url,
    fleet,
    metrics: metrics.registry,
    keys,
    ourKey,
    limits,
    startCanary: (end) => {
      if (config.canaryEveryMs === 0) return undefined;
      return new Canary({
        ...{ fleet, ourKey, end, clock, random, logger, everyMs: config.canaryEveryMs },
        ticketFor: (node) => dispatcher.ticketForCanary(node),
        isBusy: () => desk.line.size > 0,
        count: metrics.countCanary,
        tracer,
      });
    },
    close: async () => {
      const closed = server.close(GRACE_MS);
      desk.line.close();
      await closed;
      await Promise.all([view.close(), spawns.close(), launches.close(), tracing?.close()]);
    },
  };
}

interface ViewParts {
  readonly membership: Membership;
  readonly runtime: FrontRuntime;
  readonly keys: FleetKeys;
  readonly ourKey: string | undefined;
}

/** What is known of the nodes, kept up to date by polls. */
function openView(config: RedirectorConfig, { membership, runtime, keys, ourKey }: ViewParts) {
  const { logger, clock = systemClock, random = systemRandom, pollClient } = runtime;
  const fleet = new Fleet(clock, { ...config, hasOurSecret: (report) => keys.areOf(report) });
  const metrics = createRedirectorMetrics(fleet, clock);
  let claim = (): string | undefined => undefined;
  const poller = new Poller({
    fleet,
    clock,
    random,
    logger,
    seenKey: ourKey,
    count: metrics.countPoll,
    claim: () => claim(),
    ...(pollClient && { client: pollClient }),
    ...config,
  });
  const take = (members: readonly Member[]): void => {
    fleet.setMembers(members);
    poller.sync();
  };
  membership.watch(take);
  take(membership.members());
  return {
    fleet,
    metrics,
    askNow: (node: NodeView) => poller.pollNow(node),
    /** @param say what goes with each poll */
    sayInPolls: (say: typeof claim) => {
      claim = say;
    },
    close: () => poller.stop(),
  };
}
