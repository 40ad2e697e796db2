// The last lines of the agent's own log, for its control listener and for orders of the front.
import { type LogLinesJson, type LogWish, MAX_LOG_BYTES } from '../../shared/protocol/log-wish.ts';
import type { Runtime } from '../../shared/runtime.ts';

/** @param recent undefined for a program that keeps none, as in benchmarks */
export function readRecentLog(recent: Runtime['recentLog'], wish: LogWish): LogLinesJson {
  return recent?.read({ ...wish, bytes: MAX_LOG_BYTES }) ?? { lines: [], last: 0, missed: 0, boot: '' };
}
