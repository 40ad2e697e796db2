// The answer for a client that a limit refuses: a page for people, JSON for programs, and when to come back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, FleetError } from '../errors.ts';
import { answerError, answerPage, wantsPage } from '../http/answer.ts';
import { escapeHtml, type PageMaker } from '../http/page.ts';

export type LimitCode = Extract<ErrorCode, 'too-many-requests' | 'too-many-sandboxes' | 'too-many-places'>;

/** Shortest and longest time after which a page tries again. s */
const SHORTEST_RETRY = 5;
const LONGEST_RETRY = 300;

const MESSAGES: Readonly<Record<LimitCode, string>> = {
  'too-many-requests': 'your address has asked for too many notebooks in a short time',
  'too-many-sandboxes': 'too many notebooks are open from your address',
  'too-many-places': 'too many readers of your address are in line',
};

export function limitError(code: LimitCode, retryAfterMs: number): FleetError {
  return new FleetError(code, MESSAGES[code], {
    retryAfterMs,
    remedy: 'try again after the time in Retry-After; the operator can exempt an address (--exempt-clients)',
  });
}

/** Answers ahead of Koa. */
export function answerLimited(
  request: IncomingMessage,
  response: ServerResponse,
  code: LimitCode,
  retryAfterMs: number,
): void {
  const error = limitError(code, retryAfterMs);
  response.setHeader('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  const page = limitPage(error);
  if (page !== undefined && wantsPage(request)) answerPage(response, error.status, page);
  else answerError(response, code, error.message);
}

/** The page for an error of a limit; undefined for any other error. */
export function limitPage({ code, retryAfterMs = 0 }: FleetError): PageMaker | undefined {
  if (!isLimitCode(code)) return undefined;
  const seconds = Math.min(LONGEST_RETRY, Math.max(SHORTEST_RETRY, Math.ceil(retryAfterMs / 1000)));
  return ({ words: { limits: words } }) => {
    const [title, text, triesAgain] = [words.title, words[code], words.triesAgain].map(escapeHtml);
    return {
      title: words.title,
      body: `<h1>${title}</h1><p>${text}</p><p class="dim">${triesAgain}</p>`,
      // With GET, also after a POST. At different times, so that a classroom does not come back at once. Works without scripts, too.
      head: `<noscript><meta http-equiv="refresh" content="${seconds}"></noscript>`,
      script: `setTimeout(() => location.replace(location.href), ${seconds * 1000} * (1 + Math.random()));`,
    };
  };
}

function isLimitCode(code: ErrorCode): code is LimitCode {
  return Object.hasOwn(MESSAGES, code);
}
