// Wires a node-agent together; nothing runs until `startNodeAgent` is called.
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { ArrivalsLog } from '../shared/arrivals-log.ts';
import { AuditFile } from '../shared/audit/audit-file.ts';
import { readBrand } from '../shared/brand/read-brand.ts';
import { systemClock, systemRandom } from '../shared/clock.ts';
import { controlTls } from '../shared/http/control-guard.ts';
import { corsHeaders } from '../shared/http/cors.ts';
import { serve } from '../shared/http/serving.ts';
import { ArrivalLimit } from '../shared/limits/arrivals.ts';
import { createLimitedClient, listenerLimits, unlimitedIfZero } from '../shared/limits/limit-options.ts';
import { ticketKeyId } from '../shared/protocol/fleet-keys.ts';
import { LINE_CLAIM_LIFE_MS, LineClaims } from '../shared/protocol/line-claim.ts';
import type { LogLinesJson, LogWish } from '../shared/protocol/log-wish.ts';
import type { Runtime } from '../shared/runtime.ts';
import { ServerCertificate } from '../shared/tls/server-certificate.ts';
import { openTracing } from '../shared/tracing/open.ts';
import { VERSION } from '../shared/version.ts';
import { ClaimHandler } from './claim/claim.ts';
import { ClickTraces } from './claim/click-traces.ts';
import { ClientLimits, sandboxesOfClient } from './claim/client-limits.ts';
import { openLine } from './claim/open-line.ts';
import { StartedSandboxes } from './claim/preparing.ts';
import { SpawnHandler } from './claim/spawn.ts';
import { TicketClaims } from './claim/ticket-claims.ts';
import { TicketCounter } from './claim/ticket-counter.ts';
import { ClickTimesDesk } from './companion/click-times.ts';
import { Companion } from './companion/companion.ts';
import { CompanionScript } from './companion/script.ts';
import type { NodeAgentConfig } from './config.ts';
import { checkLocalListens, checkNodeAgentConfig } from './config-check.ts';
import { createControlApp } from './control/app.ts';
import { chooseEngine, createEngine } from './engine/index.ts';
import { Freezer } from './freezing/freezer.ts';
import { HomeFiles } from './home-files/home-files.ts';
import { HostResources } from './lifecycle/host-resources.ts';
import { startJobs } from './lifecycle/jobs.ts';
import { useByKernels } from './lifecycle/kernel-activity.ts';
import { openNodeKeys } from './lifecycle/node-keys.ts';
import { closeNode, type NodeParts, openNode } from './lifecycle/open-close.ts';
import { OrderHandler } from './lifecycle/orders.ts';
import { PoolOrders } from './lifecycle/pool-orders.ts';
import { createReaper } from './lifecycle/reaper.ts';
import { readRecentLog } from './lifecycle/recent-log.ts';
import { applyReloads } from './lifecycle/reload.ts';
import { OwnOrigin } from './own-origin/own-origin.ts';
import { accessRules, admit } from './ownership/access.ts';
import { ArrivalMarks } from './ownership/arrival-marks.ts';
import { SandboxCookies } from './ownership/sandbox-cookies.ts';
import { Pool } from './pool/pool.ts';
import { AdjustablePoolSettings } from './pool/settings.ts';
import { createPrimer } from './priming/primer.ts';
import { createProxy, type Lookup } from './proxy/proxy.ts';
import { createPublicHandler } from './public/app.ts';
import { createErrorResponse } from './public/error-response.ts';
import { FrameArrivals } from './public/frame-arrivals.ts';
import { listenToReaders } from './public/listener.ts';
import { SandboxHosts } from './public/sandbox-hosts.ts';
import { lookUpSandbox } from './public/sandbox-lookup.ts';
import { StartupGate } from './public/startup-gate.ts';
import { createNodeMetrics } from './report/metrics.ts';
import { createSnapshots } from './report/snapshot.ts';
import { Journal } from './sandboxes/claim-journal.ts';
import { deadlineHeader } from './sandboxes/deadline.ts';
import { inWallTime } from './sandboxes/steady-clock.ts';
import { lockDataDir } from './state/data-dir-lock.ts';
import { EmbedPolicy } from './state/embed-policy.ts';
import { NodeLifecycle } from './state/node-lifecycle.ts';
import { OrderRecord } from './state/order-record.ts';
import { NodeStateFile } from './state/state-file.ts';
import { openStaticCache } from './static-cache/static-cache.ts';

export interface HostRuntime extends Runtime {
  /** The process environment, for DOCKER_HOST and what local sandboxes inherit. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Aborts the start, an image pull above all. */
  readonly signal?: AbortSignal;
}

export interface NodeAgent {
  readonly url: string;
  readonly controlUrl: string;
  readonly pool: Pool;
  /** Stops admission, lets open requests finish for a while, leaves sandboxes alone (unless ephemeral). */
  close(): Promise<void>;
}

/** @throws FleetError `bad-config`, `conflict`, `port-taken`, `engine-unavailable`, `image-missing` */
export async function startNodeAgent(config: NodeAgentConfig, runtime: HostRuntime): Promise<NodeAgent> {
  checkNodeAgentConfig(config);
  const lock = await lockDataDir(config.dataDir, runtime.logger);
  let certificate: ServerCertificate | undefined;
  const release = async (): Promise<void> => {
    await certificate?.close();
    lock.release();
  };
  try {
    certificate = ServerCertificate.open(config, runtime);
    const agent = await startInDataDir(config, runtime, certificate);
    return { ...agent, close: () => agent.close().finally(release) };
  } catch (error) {
    await release();
    throw error;
  }
}

async function startInDataDir(
  config: NodeAgentConfig,
  runtime: HostRuntime,
  certificate: ServerCertificate | undefined,
): Promise<NodeAgent> {
  const { logger, clock = systemClock, random = systemRandom, env = {} } = runtime;
  const { kind, whyNotDocker } = await chooseEngine(config, env);
  if (kind === 'local') checkLocalListens(config, whyNotDocker);
  const { keys, reload: reloadKeys } = openNodeKeys(config, logger);
  const brand = readBrand(config);

  const stateFile = new NodeStateFile(config.dataDir, logger);
  const size = new AdjustablePoolSettings(stateFile, config, logger);
  const metrics = createNodeMetrics();
  const journal = new Journal(config.dataDir, logger, { clock, onFlushed: metrics.observeFlush });
  const lifecycle = new NodeLifecycle(stateFile, clock, () => journal.problem === undefined);
  const embedding = new EmbedPolicy(config.embedOrigins, stateFile, logger);
  const engine = createEngine(kind, config, { nodeId: config.nodeId, logger, clock, env });
  const dirs = (): readonly string[] => [config.dataDir, ...engine.disks];
  const resources = new HostResources({ config, dirs, logger });

  const tracing = await openTracing(config, {
    ...{ program: 'node', instance: config.nodeId, registry: metrics.registry, clock, random, logger },
  });
  const traces = tracing && new ClickTraces(tracing.tracer, clock, config.nodeId);
  let problem: string | undefined;
  const pool = new Pool({
    ...{ engine, journal, settings: size, clock, random, logger, probe: config },
    state: () => lifecycle.state,
    withheld: () => problem ?? journal.problem ?? resources.shortage,
    onEnd: (sandbox) => {
      const { id } = sandbox;
      companion?.ended(sandbox);
      proxy.forget(id);
      ownOrigin?.forget(id);
      marks.forget(id);
      startedSandboxes.forget(id);
      clickTimes.forget(id);
      traces?.forget(id);
      clientLimits.forget(id);
      staticCache?.forget(id);
      freezer.forget(id);
    },
    onStarted: metrics.observeStart,
    tracer: tracing?.tracer,
    primer: createPrimer(config, logger),
  });
  const limits = listenerLimits(config, 2);
  const limitedClient = createLimitedClient(config);
  const arrivalLimit = new ArrivalLimit({ config, now: () => clock.monotonic() });
  const sandboxes = (): number => sandboxesOfClient(config.clientSandboxes, size.capacity);
  const clientLimits = new ClientLimits({ arrivals: arrivalLimit, keys: keys.tickets, sandboxes });
  applyReloads(runtime.reloader, { config, kind, size, embedding, pool, reloadKeys, logger });
  const reap = createReaper(pool, logger);
  const rules = accessRules(config);
  const marks = new ArrivalMarks(clock);
  const startedSandboxes = new StartedSandboxes(pool.table, clock);
  const ownOrigin = config.sandboxDomain === '' ? undefined : new OwnOrigin(config, pool.table, clock, marks);
  const lookup = (id: string): Lookup => lookUpSandbox(pool, id);
  const homeOf = (request: IncomingMessage): string => ownOrigin?.homeOf(request) ?? config.frontUrl;
  const refuse = createErrorResponse(homeOf, (id) => pool.table.endedAs(id));
  const clickTimes = new ClickTimesDesk({
    ...{ share: config.companion ? config.beaconSample : 0, clock, random },
    observePage: metrics.observeClickToPage,
    observeOutput: metrics.observeClickToOutput,
  });
  const script = config.companion ? new CompanionScript() : undefined;
  const companion =
    script &&
    new Companion({
      ...{ config, table: pool.table, clock, time: pool.time, homeOf },
      drainDeadline: () => lifecycle.current.deadline,
      use: (id, at) => pool.use(id, at),
      end: (id, reason) => pool.end(id, reason),
      clickTimes,
      lookAtKernels: (sandbox) => useByKernels(sandbox, { pool, clock, config }),
    });
  const freezer = new Freezer({
    ...{ engine, table: pool.table, config, clock, time: pool.time, random, logger },
    isBusy: (id) => proxy.isBusy(id),
    lookAtKernels: (sandbox, signal) => useByKernels(sandbox, { pool, clock, config, signal }),
    onThawed: metrics.observeThaw,
  });
  const homeFiles = new HomeFiles({
    ...{ config, engine, table: pool.table, time: pool.time, logger },
    hold: (id) => freezer.hold(id),
    clientOf: limitedClient,
  });
  const staticCache = openStaticCache(config, { table: pool.table, clock, logger });
  const proxy = createProxy({
    lookup,
    memory: staticCache,
    frozen: { has: (id) => pool.table.get(id)?.frozen === true, wake: (id) => freezer.wake(id) },
    used: (id) => pool.use(id),
    began: traces?.proxied,
    outputs: clickTimes,
    failed: () => void reap(),
    refuse,
    notice: (id) => {
      const sandbox = pool.table.get(id);
      const drain = lifecycle.current.deadline;
      return sandbox && deadlineHeader(inWallTime(sandbox, pool.time), drain, config.maxAgeMs);
    },
    ...(script && { pageTail: (id) => script.tailFor(id) }),
    own: (request, response, at) =>
      homeFiles.handle(request, response, at) || companion?.handle(request, response, at) === true,
    // An origin of its own is a process of its own, where the browser can.
    responseHeaders: { ...corsHeaders(config), ...(ownOrigin && { 'origin-agent-cluster': '?1' }) },
    framePolicy: embedding.policy,
    trustProxy: config.trustProxy,
    stripPrefix: config.stripPrefix,
    stallTimeoutMs: config.stallTimeoutMs,
    headersTimeout: config.responseTimeoutMs,
    keepAliveMs: config.sandboxKeepAliveMs,
    socketsPerSandbox: unlimitedIfZero(config.sandboxWebsockets),
    socketsPerClient: unlimitedIfZero(config.clientWebsockets),
    clientOf: limitedClient,
    admit: (request, id, target) => admit(request, target, pool.table.get(id), rules),
    cookies: new SandboxCookies(pool.table, journal),
  });

  const gate = new StartupGate();
  const isReady = (): boolean => gate.isOpen;
  const tickets = new TicketCounter(config.nodeId, keys.tickets, clock);
  const image = (): string => engine.describe(pool.status().image);
  const lines = new LineClaims(keys.orders, LINE_CLAIM_LIFE_MS);
  const snapshot = createSnapshots({
    ...{ nodeId: config.nodeId, version: VERSION, image, pool, lifecycle, tickets },
    slo: () => metrics.objective.totals,
    keyIds: () => keys.tickets.map(ticketKeyId),
    showsPages: config.apiToken === '' || config.openPages,
    embedOrigins: () => (keys.orders.length === 0 ? undefined : embedding.told),
    lines: () => lines.texts(clock.now()),
  });
  const { countClaim: count, observeClaim: observe } = metrics;
  const ticketClaims = new TicketClaims({
    ...{ config, limits: clientLimits, pool, clock, logger, observe },
    objective: metrics.objective,
  });
  const line = openLine({
    ...{
      config,
      keys,
      stateFile,
      pool,
      lifecycle,
      arrivals: arrivalLimit,
      limits: clientLimits,
      ticketClaims,
    },
    ...{ showLine: metrics.showLine, clock, random, logger },
  });
  const launches = new ArrivalsLog({ config, program: 'node', clock, logger });
  const claiming = {
    ...{ config, keys: keys.tickets, pool, ownOrigin, tickets, ticketClaims, marks, embedding, clock },
    ...{ line: line?.claims, startedSandboxes },
    count,
    record: launches.record,
    traces,
    sent: (id: string, preparedMs: number) => clickTimes.sent(id, preparedMs),
  };
  const arrivals = new FrameArrivals({
    ...{ marks, table: pool.table, rules, homeOf, count },
    giveBack: (sandbox) => ticketClaims.giveBack(sandbox),
  });
  const hosts = ownOrigin && new SandboxHosts({ config, ownOrigin, proxy, arrivals, lookup, refuse });
  const claims = new ClaimHandler(claiming);
  const spawns = new SpawnHandler(claiming);
  const poolOrders = new PoolOrders({ pool, size, snapshot, clock, logger });
  const readLog = (wish: LogWish): LogLinesJson => readRecentLog(runtime.recentLog, wish);
  const orders = new OrderHandler({
    ...{ config, keys, pool, lifecycle, embedding, snapshot, clock, logger, isReady, poolOrders, readLog },
    record: new OrderRecord(config.dataDir, logger),
  });
  const handle = createPublicHandler({
    ...{ config, claims, spawns, tickets, orders, proxy, arrivals, hosts, script, snapshot, lines, clock },
    logger,
  });
  const control = createControlApp({
    ...{ config, pool, engine, homeFiles, orders, poolOrders, readLog, metrics, logger, isReady },
    hold: (id) => freezer.hold(id),
    audit: new AuditFile(join(config.dataDir, 'audit.jsonl'), logger),
    reload: runtime.reloader?.run,
  });

  const publicServer = await listenToReaders({
    ...{ config, gate, handle, proxy, hosts, limits: limits.readers, tls: certificate },
    framePolicy: embedding.policy,
    brand,
  });
  const controlServer = await serve({
    what: "the node's control listener",
    host: config.controlHost,
    port: config.controlPort,
    flag: '--control-port',
    limits: limits.control,
    tls: controlTls(config.controlHost, certificate),
    handle: control.callback(),
  }).catch(async (error: unknown) => {
    await publicServer.close(0);
    throw error;
  });
  metrics.watch({
    ...{
      pool,
      resources,
      lifecycle,
      proxy,
      companion,
      clickTimes,
      homeFiles,
      listener: publicServer,
      clientLimits,
      staticCache,
      freezer,
      line: line?.desk.line,
    },
  });

  const parts: NodeParts = {
    ...{ config, engine, pool, resources, journal, lifecycle, proxy, companion, publicServer, controlServer },
    line: line?.desk.line,
    ...{ clock, random, logger },
  };
  await openNode(parts, {
    signal: runtime.signal ?? new AbortController().signal,
    onProblem: (why) => {
      problem = why;
    },
  });
  await freezer.open();
  ticketClaims.restore(pool.table.all());
  gate.open();
  const jobs = startJobs({
    ...{ config, pool, resources, lifecycle, clock, random, reap, journal, logger },
    eachSecond: () => {
      companion?.tick();
      staticCache?.sweep();
      freezer.sweep();
      line?.desk.measure();
    },
  });
  const { url } = publicServer;
  const about = { engine: engine.kind, image: image(), capacity: size.capacity, ...limits.about };
  logger.info({ url, control: controlServer.url, ...about }, 'node-agent is up');
  return {
    url,
    controlUrl: controlServer.url,
    pool,
    close: () =>
      closeNode(parts, [jobs, freezer]).finally(() => {
        staticCache?.close();
        return Promise.all([launches.close(), tracing?.close()]);
      }),
  };
}
