// The front's refusals: a page for people, JSON for programs, and when to come back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import type { RefusalReason } from '../placement/dispatcher.ts';
import { refusedPage } from './unavailable-page.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What programs get. */
export const REFUSALS: Readonly<Record<RefusalReason, Refusal>> = {
  full: { code: 'no-room', message: 'every sandbox of the fleet is taken' },
  closed: { code: 'no-room', message: 'no node takes new readers at the moment' },
  'too-many-hops': { code: 'no-room', message: 'every node that seemed to have room was full on arrival' },
  'none-answers': { code: 'no-node-answers', message: 'no node answers' },
  'no-nodes': { code: 'no-nodes', message: 'the fleet has no nodes yet' },
};

export interface RefuseOptions {
  /** ms */
  readonly retryAfterMs: number;
  readonly count: (reason: RefusalReason) => void;
}

export function createRefuse({ retryAfterMs, count }: RefuseOptions) {
  return (request: IncomingMessage, response: ServerResponse, reason: RefusalReason, again: string): void => {
    count(reason);
    response.setHeader('retry-after', String(Math.ceil(retryAfterMs / 1000)));
    const { code, message } = REFUSALS[reason];
    const posted = request.method === 'POST';
    if (wantsPage(request)) answerPage(response, 503, refusedPage({ reason, retryAfterMs, again, posted }));
    else answerError(response, code, message);
  };
}
