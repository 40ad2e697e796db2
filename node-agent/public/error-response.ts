// The answer when the proxy has no sandbox to send a request to: a page for browsers, JSON for programs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { splitTicket } from '../../shared/protocol/ticket.ts';
import type { Refusal } from '../proxy/proxy.ts';
import { type ErrorWords, errorPage } from './error-page.ts';

const WORDS: Readonly<Record<Refusal['reason'], ErrorWords>> = {
  gone: {
    title: 'This notebook is gone',
    text: 'Notebooks here are temporary. They are removed some time after their last use, when their time is over, or when their host is retired. What was in this one cannot be recovered, but you can open a new one at the same place.',
  },
  stranger: {
    title: "This notebook is somebody else's",
    text: 'Each reader here has a notebook of their own, and only the browser that opened one can use it. You can open your own at the same place.',
  },
  dead: {
    title: 'This notebook has stopped',
    text: 'Its program has ended: it was stopped, it failed, or it used too much memory. What was in it cannot be recovered, but you can open a new one at the same place.',
  },
  'upstream-error': {
    title: 'The connection to this notebook broke',
    text: 'Reload the page. If it happens again, open a new one.',
  },
  'upstream-timeout': {
    title: 'This notebook does not answer',
    text: 'It may be busy. Reload the page in a while. If it happens again, open a new one.',
  },
  'too-many-sockets': {
    title: 'Too many connections',
    text: 'This notebook, or your network, has too many connections open. Close some of its tabs, then reload the page.',
  },
  malformed: {
    title: 'This request is malformed',
    text: 'It contains something that no request for a notebook contains.',
  },
};

const CODES: Readonly<Record<Refusal['reason'], ErrorCode>> = {
  gone: 'sandbox-gone',
  stranger: 'not-owner',
  dead: 'sandbox-stopped',
  'upstream-error': 'sandbox-error',
  'upstream-timeout': 'sandbox-timeout',
  'too-many-sockets': 'too-many-connections',
  malformed: 'bad-request',
};

/** Also when the frame is its owner's: a browser that blocks cookies in frames does not show them. */
const IN_A_FRAME = ' If your browser blocks cookies in frames, a tab of its own works.';

/** @param homeOf where new notebooks are opened; empty where that is the page's own host */
export function createErrorResponse(homeOf: (request: IncomingMessage) => string) {
  return (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const { title, text } = WORDS[refusal.reason];
    const words = { title, text: refusal.fault ?? text };
    if (refusal.status === 503 || refusal.status === 429) response.setHeader('Retry-After', '5');
    if (!wantsPage(request)) {
      answerError(response, CODES[refusal.reason], `${words.title}. ${words.text}`);
      return;
    }
    const again =
      refusal.reason === 'malformed' ? undefined : `${homeOf(request)}${newOne(request.url ?? '/')}`;
    const isFramed = refusal.reason === 'stranger' && request.headers['sec-fetch-dest'] === 'iframe';
    if (isFramed) words.text += IN_A_FRAME;
    answerPage(response, refusal.status, errorPage(words, again, isFramed ? '_blank' : '_self'));
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
