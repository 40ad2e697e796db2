// Opens the engine, and retries while the host is not ready: Docker is not running yet, or the image is missing.
// Exiting would leave a supervisor restarting us for ever without a visible reason; the report shows it instead.
import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../../shared/backoff.ts';
import type { Clock, Random } from '../../shared/clock.ts';
import { describeError, type ErrorCode, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Engine } from '../engine/engine.ts';

/** Errors that can pass by themselves; any other is a fault of the configuration or of ours, and ends the start. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['engine-unavailable', 'engine-timeout', 'image-missing']);
/** An opening that takes longer is reported: it may be a pull, and no reader should be sent here meanwhile. ms */
const QUICK_MS = 3_000;
const LONGEST_PROBLEM = 1_000;

export interface OpenEngineOptions {
  readonly engine: Pick<Engine, 'open'>;
  readonly onExit: (id: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ends at the first failure: a demo or a test without Docker should not wait for it. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  /** Called with the reason why it is not open, and with undefined once it is. */
  readonly report: (problem: string | undefined) => void;
}

/** @throws FleetError an error that does not pass by itself; with `once`, or once aborted, the last error */
export async function openEngine(options: OpenEngineOptions): Promise<void> {
  const { engine, clock, random, logger, once, signal, report } = options;
  const backoff = new Backoff(clock, random);
  const slow = setTimeout(() => report('its engine is still opening; it may be pulling its image'), QUICK_MS);
  try {
    for (;;) {
      const failure = await engine.open(options.onExit).then(() => undefined, passing);
      if (failure === undefined) break;
      if (once || signal.aborted) throw failure;
      const why = describeError(failure);
      clearTimeout(slow);
      report(why.slice(0, LONGEST_PROBLEM));
      const retryIn = Math.round(backoff.failed());
      logger.error({ why, retryIn }, 'no sandbox can be started yet; trying again');
      await delay(retryIn, undefined, { signal }).catch(() => {
        throw failure;
      });
    }
    report(undefined);
  } finally {
    clearTimeout(slow);
  }
}

function passing(error: unknown): FleetError {
  if (error instanceof FleetError && PASSING.has(error.code)) return error;
  throw error;
}
