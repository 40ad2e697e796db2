// The 503 of the front: a page for people, JSON for programs, and when to come back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import type { RefusalReason } from '../placement/dispatcher.ts';
import { refusalMessage, refusedPage } from './unavailable-page.ts';

const CODES: Readonly<Record<RefusalReason, ErrorCode>> = {
  full: 'no-room',
  'too-many-hops': 'no-room',
  'none-answers': 'no-node-answers',
  'no-nodes': 'no-nodes',
};

export interface RefuseOptions {
  /** ms */
  readonly retryAfter: number;
  readonly count: (refusal: RefusalReason) => void;
}

export function createRefuse({ retryAfter, count }: RefuseOptions) {
  return (
    request: IncomingMessage,
    response: ServerResponse,
    refusal: RefusalReason,
    again: string,
  ): void => {
    count(refusal);
    response.setHeader('retry-after', String(Math.ceil(retryAfter / 1000)));
    if (wantsPage(request)) answerPage(response, 503, refusedPage(refusal, retryAfter, again));
    else answerError(response, CODES[refusal], refusalMessage(refusal));
  };
}
