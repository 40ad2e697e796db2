// The front's refusals: a page for people, JSON for programs, and when to come back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { REFUSALS, type RefusalReason } from '../../shared/api/refusal.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { refusedPage } from './unavailable-page.ts';

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
