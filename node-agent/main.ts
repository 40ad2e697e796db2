// Wires a node-agent together; nothing runs until `startNodeAgent` is called.
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, systemRandom } from '../shared/clock.ts';
import { parseSecrets } from '../shared/config/common.ts';
import { corsHeaders } from '../shared/http/cors.ts';
import { serve } from '../shared/http/serving.ts';
import { ORDER_PATH } from '../shared/protocol/order.ts';
import { isHeld } from '../shared/protocol/sandbox-state.ts';
import type { Runtime } from '../shared/runtime.ts';
import { startSchedule } from '../shared/schedule.ts';
import { VERSION } from '../shared/version.ts';
import { ClaimHandler } from './claim/claim.ts';
import { COOKIE_PREFIX } from './claim/owner-cookie.ts';
import { TicketCounter } from './claim/ticket-counter.ts';
import { checkLocalListens, checkNodeAgentConfig, type NodeAgentConfig } from './config.ts';
import { createControlApp } from './control/app.ts';
import { createEngine, detectEngine } from './engine/index.ts';
import { HostResources } from './lifecycle/host-resources.ts';
import { createJobs } from './lifecycle/jobs.ts';
import { openEngine } from './lifecycle/open-engine.ts';
import { OrderHandler } from './lifecycle/orders.ts';
import { Pool } from './pool/pool.ts';
import { AdjustablePoolSettings } from './pool/settings.ts';
import { createProxy, type Lookup } from './proxy/proxy.ts';
import type { ReaderNotice } from './proxy/types.ts';
import { createPublicHandler } from './public/app.ts';
import { deadlineBanner } from './public/deadline-banner.ts';
import { createErrorResponse } from './public/error-response.ts';
import { StartupGate } from './public/startup-gate.ts';
import { createNodeMetrics } from './report/metrics.ts';
import { createSnapshots } from './report/snapshot.ts';
import { DEADLINE_HEADER, findDeadline, isWorthTelling } from './sandboxes/deadline.ts';
import { Journal } from './sandboxes/journal.ts';
import type { Sandbox } from './sandboxes/table.ts';
import { lockDataDir } from './state/data-dir-lock.ts';
import { NodeLifecycle } from './state/node-lifecycle.ts';
import { NodeStateFile } from './state/state-file.ts';

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

const GRACE_MS = 3_000;

/** @throws FleetError `bad-config`, `conflict`, `port-taken`, `engine-unavailable`, `image-missing` */
export async function startNodeAgent(config: NodeAgentConfig, runtime: HostRuntime): Promise<NodeAgent> {
  checkNodeAgentConfig(config);
  const dataDir = await lockDataDir(config.dataDir, runtime.logger);
  try {
    const agent = await startHolding(config, runtime);
    return { ...agent, close: () => agent.close().finally(() => dataDir.release()) };
  } catch (error) {
    dataDir.release();
    throw error;
  }
}

/** In a data directory that is ours. */
async function startHolding(config: NodeAgentConfig, runtime: HostRuntime): Promise<NodeAgent> {
  const { logger, clock = systemClock, random = systemRandom, env = {} } = runtime;
  const kind = config.engine === 'auto' ? await detectEngine(config, env) : config.engine;
  if (kind === 'local') checkLocalListens(config);
  const secrets = parseSecrets(config.secret);
  const stateFile = new NodeStateFile(config.dataDir, logger);
  const lifecycle = new NodeLifecycle(stateFile, clock);
  const size = new AdjustablePoolSettings(stateFile, config, logger);
  const journal = new Journal(config.dataDir, logger);
  const engine = createEngine(kind, config, { nodeId: config.nodeId, logger, clock, env });
  const resources = new HostResources({
    minFreeMemory: config.minFreeMemory,
    minFreeDisk: config.minFreeDisk,
    dirs: () => [config.dataDir, ...engine.disks()],
    logger,
  });
  const metrics = createNodeMetrics();
  const tickets = new TicketCounter(config.nodeId, secrets, clock);
  let problem: string | undefined;
  const pool = new Pool({
    engine,
    journal,
    settings: size,
    clock,
    random,
    logger,
    state: () => lifecycle.state,
    withheld: () => problem ?? resources.shortage,
    onEnd: (sandbox) => proxy.forget(sandbox.id),
    onStarted: metrics.observeStart,
  });
  const proxy = createProxy({
    lookup: (id) => lookUp(pool, id),
    used: (id) => pool.use(id),
    failed: () => void reap(),
    refuse: createErrorResponse(config.frontUrl),
    notice: (id) => noticeFor(pool.table.get(id), lifecycle, config, clock.now()),
    responseHeaders: corsHeaders(config),
    trustProxy: config.trustProxy,
    ownCookiePrefix: COOKIE_PREFIX,
  });
  const gate = new StartupGate();
  const snapshot = createSnapshots({
    nodeId: config.nodeId,
    version: VERSION,
    image: () => engine.describes,
    pool,
    lifecycle,
    tickets,
  });
  const { countClaim: count, observeClaim: observe } = metrics;
  const claims = new ClaimHandler({ config, secrets, pool, tickets, clock, logger, count, observe });

  const isReady = (): boolean => gate.isOpen;
  const orders = new OrderHandler({ config, secrets, pool, lifecycle, snapshot, clock, logger, isReady });
  const control = createControlApp({ config, pool, size, orders, snapshot, metrics, logger, isReady });
  const handle = createPublicHandler({ config, claims, orders, proxy, snapshot, logger });
  const publicServer = await serve({
    what: 'the node for its readers',
    host: config.host,
    port: config.port,
    flag: '--port',
    stallTimeout: config.stallTimeout,
    handle: (request, response) => {
      // The report is told at all times: that nothing is warm yet is the truth. And a probe or a cordon need not wait.
      if (gate.isOpen || isForFronts(request.url)) handle(request, response);
      else gate.hold(request, response, () => handle(request, response));
    },
    upgrade: (request, socket, head) => {
      const upgrade = (): void => {
        if (!proxy.upgrade(request, socket, head))
          socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      };
      if (gate.isOpen) upgrade();
      else gate.holdUpgrade(socket, upgrade);
    },
  });
  metrics.watch({ pool, resources, lifecycle, proxy, connections: publicServer.connections });
  const controlServer = await serve({
    what: "the node's control listener",
    host: config.controlHost,
    port: config.controlPort,
    flag: '--control-port',
    handle: control.callback(),
  }).catch(async (error: unknown) => {
    await publicServer.close(0);
    throw error;
  });

  let reaping: Promise<void> | undefined;
  /** One at a time; whoever asks meanwhile gets the one under way. */
  const reap = (): Promise<void> => {
    reaping ??= pool
      .reconcile()
      .catch((error: unknown) =>
        logger.warn({ error: String(error) }, 'the engine could not be asked what it has'),
      )
      .finally(() => {
        reaping = undefined;
      });
    return reaping;
  };
  // Closing is what ends an open that waits for something.
  const giveUp = (): void => void engine.close().catch(() => undefined);
  const { signal = new AbortController().signal } = runtime;
  signal.addEventListener('abort', giveUp, { once: true });
  let isOpen = false;
  try {
    await openEngine({
      ...{ engine, clock, random, logger, signal, once: config.ephemeral },
      onExit: (id) => pool.exited(id),
      tell: (why) => {
        problem = why;
      },
    });
    isOpen = true;
    await resources.look();
    await pool.open();
  } catch (error) {
    await Promise.all([publicServer.close(0), controlServer.close(0), proxy.close()]);
    // What went wrong first is what matters; that the engine cannot clean up either often follows from it.
    // An engine that did not open has started nothing; what it has is another's, of the same name.
    await engine
      .close({ purge: config.ephemeral && isOpen })
      .catch((second: unknown) => logger.debug({ error: String(second) }, 'clearing up failed too'));
    throw error;
  }
  signal.removeEventListener('abort', giveUp);
  gate.open();
  const jobs = createJobs({ config, pool, resources, lifecycle, clock, reap, journal, logger });
  const schedule = startSchedule(jobs, logger);
  logger.info(
    {
      url: publicServer.url,
      control: controlServer.url,
      engine: engine.kind,
      image: engine.describes,
      capacity: size.capacity,
    },
    'node-agent is up',
  );

  return {
    url: publicServer.url,
    controlUrl: controlServer.url,
    pool,
    close: async () => {
      lifecycle.leave();
      if (config.frontUrl !== '' && !config.ephemeral) {
        logger.info({ for: config.leaveGrace }, 'stopping; readers who come are sent back to the front');
        await delay(config.leaveGrace);
      }
      await schedule.stop();
      await publicServer.close(config.ephemeral ? 200 : GRACE_MS);
      await proxy.close();
      await pool.close({ purge: config.ephemeral });
      await journal.close();
      await engine.close({ purge: config.ephemeral });
      await controlServer.close(0);
    },
  };
}

function isForFronts(url = ''): boolean {
  return url === ORDER_PATH || /^\/(?:api\/)?stats(?:\?|$)/.test(url);
}

/** By when their sandbox goes, for every reader who has one. */
function noticeFor(
  sandbox: Sandbox | undefined,
  lifecycle: NodeLifecycle,
  { maxAge, banner }: Pick<NodeAgentConfig, 'maxAge' | 'banner'>,
  now: number,
): ReaderNotice | undefined {
  const deadline =
    sandbox === undefined ? undefined : findDeadline(sandbox, lifecycle.current.deadline, maxAge);
  if (deadline === undefined) return undefined;
  const header = [DEADLINE_HEADER, new Date(deadline.at).toISOString()] as const;
  if (!banner || !isWorthTelling(deadline, now)) return { header };
  return { header, banner: deadlineBanner(deadline, now) };
}

function lookUp(pool: Pool, id: string): Lookup {
  const sandbox = pool.table.get(id);
  if (sandbox === undefined || !isHeld(sandbox.state) || sandbox.address === undefined) {
    return pool.hasCrashed(id) ? 'dead' : 'gone';
  }
  return { address: sandbox.address, token: sandbox.token };
}
