// The log of a program that runs inside a test: `until` prints it when it fails; otherwise shown only on request.
import { type Logger, pino } from 'pino';
import { RecentLines } from '../../shared/collections/recent-lines.ts';

const KEPT_LINES = 20;
const SHOWN_LEVEL = process.env.TMPFLEET_TEST_LOG_LEVEL;

export interface TestLog {
  readonly logger: Logger;
  /** The newest lines. */
  recent(): string;
  /** What a program that runs by itself would keep of it. */
  readonly lines: RecentLines;
}

export function createTestLog(): TestLog {
  const lines: string[] = [];
  const kept = new RecentLines();
  const write = (line: string): void => {
    kept.add(line);
    lines.push(line.trimEnd());
    if (lines.length > KEPT_LINES) lines.shift();
    if (SHOWN_LEVEL !== undefined) process.stderr.write(line);
  };
  const logger = pino({ level: SHOWN_LEVEL ?? 'info', base: null }, { write });
  return { logger, recent: () => lines.join('\n'), lines: kept };
}
