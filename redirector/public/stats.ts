// The body of /stats, made once for all who ask within a quarter of a second: for 500 nodes it takes milliseconds, in which
// no reader is redirected.
import type { Clock } from '../../shared/clock.ts';

/** 4 a second; the nodes are polled every two. */
const MAX_AGE_MS = 250;

/** @param summarize makes the value that is sent as JSON */
export function createStatsBody(summarize: () => object, clock: Clock): () => Buffer {
  let body: Buffer | undefined;
  let madeAt = 0;
  return () => {
    const now = clock.monotonic();
    if (body === undefined || now - madeAt >= MAX_AGE_MS) {
      body = Buffer.from(JSON.stringify(summarize()));
      madeAt = now;
    }
    return body;
  };
}
