// The answer where the proxy has no sandbox to ask: a page for people, JSON for programs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { splitTarget } from '../claim/target.ts';
import type { Refusal } from '../proxy/proxy.ts';
import { type ErrorWords, errorPage } from './error-page.ts';

const WORDS: Readonly<Record<Refusal['reason'], ErrorWords>> = {
  gone: {
    title: 'This notebook is gone',
    text: 'Notebooks here are temporary: they go away some time after their reader has left. A new one is a click away; what was in the old one cannot be had back.',
  },
  dead: {
    title: 'This notebook has stopped',
    text: 'Its program has ended, most likely because it ran out of memory. What was in it cannot be had back, but a new one is a click away.',
  },
  'upstream-error': {
    title: 'This notebook did not answer well',
    text: 'The connection to it broke. Reload the page; if it happens again, open a new one.',
  },
  'upstream-timeout': {
    title: 'This notebook does not answer',
    text: 'It may be busy. Reload the page in a while; if it happens again, open a new one.',
  },
  malformed: {
    title: 'This address is malformed',
    text: 'It holds something that no notebook has an address like.',
  },
};

const CODES: Readonly<Record<Refusal['reason'], ErrorCode>> = {
  gone: 'sandbox-gone',
  dead: 'sandbox-stopped',
  'upstream-error': 'sandbox-error',
  'upstream-timeout': 'sandbox-timeout',
  malformed: 'bad-request',
};

/** @param frontUrl where new ones are to be had; empty: here */
export function createErrorResponse(frontUrl: string) {
  return (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const words = WORDS[refusal.reason];
    if (refusal.status === 503) response.setHeader('Retry-After', '5');
    if (!wantsPage(request)) {
      answerError(response, CODES[refusal.reason], `${words.title}. ${words.text}`);
      return;
    }
    const again = refusal.reason === 'malformed' ? undefined : `${frontUrl}${newOne(request.url ?? '/')}`;
    answerPage(response, refusal.status, errorPage(words, again));
  };
}

/** The same place in a new sandbox. The query stays behind: it may hold what belonged to the old one. */
function newOne(url: string): string {
  return splitTarget(url).path.replace(/^\/+user\/+[^/]*/, '/spawn');
}
