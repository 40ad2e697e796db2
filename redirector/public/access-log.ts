// A sample of redirects in the log: enough to see what readers ask for, without a line a click.
import type { IncomingMessage } from 'node:http';
import type { Random } from '../../shared/clock.ts';
import { type Logger, loggablePath } from '../../shared/logging.ts';
import type { Sent } from '../placement/dispatcher.ts';

export interface AccessLogOptions {
  /** Of redirects, from 0 to 1. */
  readonly share: number;
  readonly logger: Logger;
  readonly random: Random;
}

/** Undefined where nothing is to be logged: then a redirect does not even ask. */
export function createAccessLog({ share, logger, random }: AccessLogOptions) {
  if (share <= 0) return undefined;
  return (request: Pick<IncomingMessage, 'url'>, { view }: Sent): void => {
    if (random() >= share) return;
    logger.info({ path: loggablePath(request.url ?? '/'), node: view.member.id, share }, 'redirected');
  };
}
