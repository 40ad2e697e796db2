// One warning a minute while no node answers: requests come by the thousand then, and each line would say the same.
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';

const PAUSE_MS = 60_000;

export interface RefusalLogOptions {
  readonly logger: Pick<Logger, 'warn'>;
  readonly clock: Clock;
}

/** To be called for each refusal. Full fleets are no fault and are not logged; metrics count them. */
export function createRefusalLog({ logger, clock }: RefusalLogOptions): (reason: RefusalReason) => void {
  let refused = 0;
  let silentUntil = Number.NEGATIVE_INFINITY;
  return (reason) => {
    if (reason !== 'none-answers') return;
    refused += 1;
    const now = clock.monotonic();
    if (now < silentUntil) return;
    logger.warn({ refused }, 'no node answers; readers and programs are refused');
    refused = 0;
    silentUntil = now + PAUSE_MS;
  };
}
