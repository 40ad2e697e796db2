// The 503 of the front: a page for people, JSON for programs, and when to come back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, answerPage, wantsPage } from '../../shared/http/answer.ts';
import type { Refusal } from '../placement/dispatcher.ts';
import { refusalMessage, refusedPage } from './unavailable-page.ts';

export interface RefuseOptions {
  /** ms */
  readonly retryAfter: number;
  readonly count: (refusal: Refusal) => void;
}

export function createRefuse({ retryAfter, count }: RefuseOptions) {
  return (request: IncomingMessage, response: ServerResponse, refusal: Refusal, again: string): void => {
    count(refusal);
    response.setHeader('retry-after', String(Math.ceil(retryAfter / 1000)));
    if (wantsPage(request)) answerPage(response, 503, refusedPage(refusal, retryAfter, again));
    else answerJson(response, 503, { status: refusal, message: refusalMessage(refusal) });
  };
}
