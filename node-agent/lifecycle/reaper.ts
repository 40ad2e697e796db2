// Compares the pool with the engine, one comparison at a time: concurrent callers share the one under way.
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Pool } from '../pool/pool.ts';

/** Returns a function that never rejects: a failure is logged, and the next call tries again. */
export function createReaper(pool: Pick<Pool, 'reconcile'>, logger: Logger): () => Promise<void> {
  let reaping: Promise<void> | undefined;
  return () => {
    reaping ??= pool
      .reconcile()
      .catch((error: unknown) =>
        logger.warn({ error: describeError(error) }, 'the engine could not list its sandboxes'),
      )
      .finally(() => {
        reaping = undefined;
      });
    return reaping;
  };
}
