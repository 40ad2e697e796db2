// The answer when the proxy has no sandbox to send a request to: a page for browsers, JSON for programs.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../../shared/errors.ts';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { type EndReason, isStopped } from '../../shared/protocol/sandbox-state.ts';
import { type Words, wordsIn } from '../../shared/words/catalogue.ts';
import type { Notice } from '../../shared/words/unavailable.ts';
import { ENDED_HEADER } from '../companion/messages.ts';
import { isFramed } from '../ownership/arrival-marks.ts';
import type { Refusal } from '../proxy/proxy.ts';
import { errorPage, newNotebookAddress } from './error-page.ts';

const CODES: Readonly<Record<Refusal['reason'], ErrorCode>> = {
  gone: 'sandbox-gone',
  stranger: 'not-owner',
  dead: 'sandbox-stopped',
  'upstream-error': 'sandbox-error',
  'upstream-timeout': 'sandbox-timeout',
  'too-many-sockets': 'too-many-connections',
  malformed: 'bad-request',
};

/**
 * @param homeOf where new notebooks are opened; empty where that is the page's own host
 * @param endedAs why a sandbox ended, where that is still known
 */
export function createErrorResponse(
  homeOf: (request: IncomingMessage) => string,
  endedAs: (id: string) => EndReason | undefined,
) {
  return (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const { reason, status, id } = refusal;
    const ended = id === undefined ? undefined : endedAs(id);
    if (ended !== undefined) response.setHeader(ENDED_HEADER, ended);
    if (status === 503 || status === 429) response.setHeader('Retry-After', '5');
    const notice = noticeOf(reason, ended);
    if (!wantsPage(request)) {
      const { title, text } = notice(wordsIn('en'));
      answerError(response, CODES[reason], `${title}. ${refusal.fault ?? text}`);
      return;
    }
    const again =
      reason === 'malformed' ? undefined : `${homeOf(request)}${newNotebookAddress(request.url ?? '/')}`;
    const inTab = reason === 'stranger' && isFramed(request);
    const inFrame = (words: Words): Notice => {
      const { title, text } = notice(words);
      // Also when it is its owner's: a browser that blocks cookies in frames does not show them.
      return { title, text: inTab ? `${text} ${words.notebook.inAFrame}` : text };
    };
    answerPage(response, status, errorPage({ notice: inFrame, again, inTab }));
  };
}

/** Of a sandbox that has stopped, it says why, as the companion does in a tab that is open. */
export function noticeOf(reason: Refusal['reason'], ended?: EndReason): (words: Words) => Notice {
  return ({ notebook, companion }) => {
    const { title, text } = notebook[reason];
    if (reason !== 'dead') return { title, text };
    return { title, text: `${isStopped(ended) ? companion.ended[ended] : notebook.ended} ${text}` };
  };
}
