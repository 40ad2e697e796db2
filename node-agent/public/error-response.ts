// The answer when the proxy has no sandbox to send a request to: a page for browsers, JSON for programs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { splitTicket } from '../../shared/protocol/ticket.ts';
import { NOTEBOOK_WORDS, type NotebookWords } from '../../shared/words/notebook.ts';
import type { Notice } from '../../shared/words/unavailable.ts';
import type { Refusal } from '../proxy/proxy.ts';
import { errorPage } from './error-page.ts';

const CODES: Readonly<Record<Refusal['reason'], ErrorCode>> = {
  gone: 'sandbox-gone',
  stranger: 'not-owner',
  dead: 'sandbox-stopped',
  'upstream-error': 'sandbox-error',
  'upstream-timeout': 'sandbox-timeout',
  'too-many-sockets': 'too-many-connections',
  malformed: 'bad-request',
};

/** @param homeOf where new notebooks are opened; empty where that is the page's own host */
export function createErrorResponse(homeOf: (request: IncomingMessage) => string) {
  return (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const { reason, status } = refusal;
    if (status === 503 || status === 429) response.setHeader('Retry-After', '5');
    if (!wantsPage(request)) {
      const { title, text } = NOTEBOOK_WORDS.en[reason];
      answerError(response, CODES[reason], `${title}. ${refusal.fault ?? text}`);
      return;
    }
    const again = reason === 'malformed' ? undefined : `${homeOf(request)}${newOne(request.url ?? '/')}`;
    const isFramed = reason === 'stranger' && request.headers['sec-fetch-dest'] === 'iframe';
    const notice = (words: NotebookWords): Notice => {
      const { title, text } = words[reason];
      // Also when it is its owner's: a browser that blocks cookies in frames does not show them.
      return { title, text: isFramed ? `${text} ${words.inAFrame}` : text };
    };
    answerPage(response, status, errorPage({ notice, again, inTab: isFramed }));
  };
}

/** The same place in a new sandbox, with the query, but without a claim or a ticket. */
function newOne(url: string): string {
  const { path, query } = splitRequestTarget(url);
  const kept = splitTicket(query)
    .query.split('&')
    .filter((part) => !part.startsWith('token='))
    .join('&');
  return `${path.replace(/^\/+user\/+[^/]*|^\/\.tmpfleet\/open\/[^/]*/, '/spawn')}${kept === '' ? '' : `?${kept}`}`;
}
