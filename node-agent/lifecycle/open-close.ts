// Opens and closes the parts of a node, in order.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Random } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Serving } from '../../shared/http/serving.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import type { Pool } from '../pool/pool.ts';
import type { NodeProxy } from '../proxy/types.ts';
import type { Journal } from '../sandboxes/claim-journal.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';
import type { HostResources } from './host-resources.ts';
import { openEngine } from './open-engine.ts';

export interface NodeParts {
  readonly config: Pick<NodeAgentConfig, 'ephemeral' | 'frontUrl' | 'shutdownGraceMs'>;
  readonly engine: Engine;
  readonly pool: Pool;
  readonly resources: HostResources;
  readonly journal: Journal;
  readonly lifecycle: NodeLifecycle;
  readonly proxy: NodeProxy;
  /** Its streams would delay the stop. */
  readonly companion: { close(): void } | undefined;
  /** Readers in line here are answered, so that they can ask again. */
  readonly line: { close(): void } | undefined;
  readonly publicServer: Serving;
  readonly controlServer: Serving;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface OpenOptions {
  /** Aborts the opening. */
  readonly signal: AbortSignal;
  /** Called with the reason why the engine is not open yet, and with undefined once it is. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** How long open requests may continue when the agent stops (ms). */
const CLOSE_GRACE_MS = 3_000;
const EPHEMERAL_CLOSE_GRACE_MS = 200;

/**
 * Opens the engine, then the pool. The listeners serve already: their report says why the node is not ready.
 * @throws FleetError as `openEngine`, after everything was closed
 */
export async function openNode(parts: NodeParts, { signal, onProblem }: OpenOptions): Promise<void> {
  const { config, engine, pool, resources, clock, random, logger } = parts;
  // Closing the engine aborts an opening that is waiting.
  const giveUp = (): void => void engine.close().catch(() => undefined);
  signal.addEventListener('abort', giveUp, { once: true });
  let isOpen = false;
  try {
    await openEngine({
      ...{ engine, clock, random, logger, signal, once: config.ephemeral },
      onExit: (id) => pool.exited(id),
      report: onProblem,
    });
    isOpen = true;
    await resources.look();
    await pool.open();
  } catch (error) {
    await Promise.all([parts.publicServer.close(0), parts.controlServer.close(0), parts.proxy.close()]);
    // The first error is the one to report; a failed clean-up often follows from it.
    // An engine that did not open has started nothing: its sandboxes belong to another agent with the same node id.
    await engine
      .close({ purge: config.ephemeral && isOpen })
      .catch((second: unknown) => logger.debug({ error: describeError(second) }, 'the clean-up failed too'));
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Stops admission, waits until the front can know it, then closes everything from the listeners to the engine. */
export async function closeNode(parts: NodeParts, jobs: readonly { stop(): Promise<void> }[]): Promise<void> {
  const { config, engine, pool, journal, lifecycle, proxy, publicServer, controlServer, logger } = parts;
  const purge = config.ephemeral;
  lifecycle.leave();
  if (config.frontUrl !== '' && !config.ephemeral) {
    logger.info({ for: config.shutdownGraceMs }, 'stopping; new readers are sent back to the front');
    await delay(config.shutdownGraceMs);
  }
  await Promise.all(jobs.map((job) => job.stop()));
  parts.companion?.close();
  parts.line?.close();
  await publicServer.close(config.ephemeral ? EPHEMERAL_CLOSE_GRACE_MS : CLOSE_GRACE_MS);
  await proxy.close();
  await pool.close({ purge });
  await journal.close();
  await engine.close({ purge });
  await controlServer.close(0);
}
