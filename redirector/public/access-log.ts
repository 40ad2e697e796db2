// A sample of redirects in the log: enough to see what readers ask for, without a line a click.
import type { IncomingMessage } from 'node:http';
import type { Random } from '../../shared/clock.ts';
import { type Logger, loggablePath } from '../../shared/logging.ts';
import { clickOf, nonceOfTicket } from '../../shared/protocol/ticket.ts';
import type { Tracer } from '../../shared/tracing/tracer.ts';
import type { Sent } from '../placement/dispatcher.ts';

export interface AccessLogOptions {
  /** Of redirects, from 0 to 1. */
  readonly share: number;
  readonly logger: Logger;
  readonly random: Random;
  readonly tracer?: Tracer | undefined;
}

/** Digits of a click's name that decide whether it is in the sample. */
const DIGITS = 8;

/** Undefined where nothing is to be logged: then a redirect does not even ask. */
export function createAccessLog({ share, logger, random, tracer }: AccessLogOptions) {
  if (share <= 0) return undefined;
  return (request: Pick<IncomingMessage, 'url'>, { view, ticket }: Sent): void => {
    const nonce = ticket === undefined ? undefined : nonceOfTicket(ticket);
    const click = nonce === undefined ? undefined : clickOf(nonce);
    // By its name: of a click that a node sends back, either every redirect is in the log or none.
    const drawn = click === undefined ? random() : Number.parseInt(click.slice(0, DIGITS), 16) / 16 ** DIGITS;
    if (drawn >= share) return;
    const trace = nonce === undefined ? undefined : tracer?.traceOf(nonce)?.id;
    const about = { path: loggablePath(request.url ?? '/'), node: view.member.id, click, share };
    logger.info({ ...about, ...(trace !== undefined && { trace_id: trace }) }, 'redirected');
  };
}
