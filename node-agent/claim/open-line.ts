// The line of a node that cannot send readers to a front, put together.
import type { Clock, Random } from '../../shared/clock.ts';
import type { ArrivalLimit } from '../../shared/limits/arrivals.ts';
import { unlimitedIfZero } from '../../shared/limits/limit-options.ts';
import { createAnswerWaiting } from '../../shared/line/answer.ts';
import type { LineMetrics } from '../../shared/line/line-metrics.ts';
import type { Logger } from '../../shared/logging.ts';
import { FleetKeys, type NodeKeys } from '../../shared/protocol/fleet-keys.ts';
import { takesReaders } from '../../shared/protocol/node-state.ts';
import type { NodeAgentConfig } from '../config.ts';
import { NodeDesk } from '../line/desk.ts';
import type { Pool } from '../pool/pool.ts';
import { readLineKeys } from '../state/line-keys.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';
import type { NodeStateFile } from '../state/state-file.ts';
import { ClaimsInLine } from './claims-in-line.ts';
import type { ClientLimits } from './client-limits.ts';
import type { TicketClaims } from './ticket-claims.ts';

export interface NodeLineOptions {
  readonly config: NodeAgentConfig;
  readonly keys: Pick<NodeKeys, 'tickets'>;
  readonly stateFile: NodeStateFile;
  readonly pool: Pool;
  readonly lifecycle: NodeLifecycle;
  readonly arrivals: ArrivalLimit;
  readonly limits: ClientLimits;
  readonly ticketClaims: TicketClaims;
  readonly showLine: (size: () => number) => LineMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface NodeLine {
  readonly desk: NodeDesk;
  readonly claims: ClaimsInLine;
}

/** When a program in line is asked to ask again. */
const RETRY_AFTER_MS = 5_000;

/** Undefined where readers stand in line at a front. */
export function openLine(options: NodeLineOptions): NodeLine | undefined {
  const { config, keys, stateFile, lifecycle, arrivals, showLine, clock, logger } = options;
  if (config.frontUrl !== '' && keys.tickets.length > 0) return undefined;
  const desk: NodeDesk = new NodeDesk({
    ...{ ...options, ...showLine(() => desk.line.size) },
    // Without its sandboxes, a place would be of little use.
    keys: config.ephemeral ? new FleetKeys([]) : readLineKeys(stateFile, logger),
    isOpen: () => takesReaders(lifecycle.state),
    placesPerClient: () => unlimitedIfZero(config.clientPlaces),
    isExempt: (client) => arrivals.isExempt(client),
  });
  const answerWaiting = createAnswerWaiting({ config, retryAfterMs: RETRY_AFTER_MS, clock });
  return { desk, claims: new ClaimsInLine({ ...options, desk, answerWaiting }) };
}
