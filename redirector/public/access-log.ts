// A sample of redirects in the log: enough to see what readers ask for, without a line a click.
import type { IncomingMessage } from 'node:http';
import type { Random } from '../../shared/clock.ts';
import { type Logger, loggablePath } from '../../shared/logging.ts';
import { clickOfTicket } from '../../shared/protocol/ticket.ts';
import type { Sent } from '../placement/dispatcher.ts';

export interface AccessLogOptions {
  /** Of redirects, from 0 to 1. */
  readonly share: number;
  readonly logger: Logger;
  readonly random: Random;
}

/** Digits of a click's name that decide whether it is in the sample. */
const DIGITS = 8;

/** Undefined where nothing is to be logged: then a redirect does not even ask. */
export function createAccessLog({ share, logger, random }: AccessLogOptions) {
  if (share <= 0) return undefined;
  return (request: Pick<IncomingMessage, 'url'>, { view, ticket }: Sent): void => {
    const click = ticket === undefined ? undefined : clickOfTicket(ticket);
    // By its name: of a click that a node sends back, either every redirect is in the log or none.
    const drawn = click === undefined ? random() : Number.parseInt(click.slice(0, DIGITS), 16) / 16 ** DIGITS;
    if (drawn >= share) return;
    logger.info({ path: loggablePath(request.url ?? '/'), node: view.member.id, click, share }, 'redirected');
  };
}
