// Sends one of our pages on a raw response; for the proxy, which does not use Koa, and for the app.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody } from '../api/error.ts';
import { editionFor } from '../brand/brand.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { serverTimingHeaders } from '../reader-times/server-timing.ts';
import { brandOf, framePolicyOf } from './embedding.ts';
import { type Page, type PageMaker, pageHeaders, renderPage } from './page.ts';

/** @param make a page that exists in one language only, or what makes it in the reader's */
export function answerPage(response: ServerResponse, status: number, make: Page | PageMaker): void {
  if (response.headersSent) return;
  const page = pageFor(response, make);
  const body = renderPage(page);
  response.writeHead(status, {
    ...pageHeaders(page, framePolicyOf(response)),
    ...serverTimingHeaders(response),
    'content-length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Where a page that is sent in two parts is cut. */
const CUT = '<!-- cut -->';

/**
 * Sends a page, the last element of whose body is not known yet, as far as it is known; browsers show that at once.
 * @returns sends the rest, with that element (HTML), and ends the answer
 */
export function beginPage(response: ServerResponse, make: PageMaker): (element: string) => void {
  const page = pageFor(response, make);
  const [begin = '', end = ''] = renderPage({ ...page, body: page.body + CUT }).split(CUT);
  response.writeHead(200, {
    ...pageHeaders(page, framePolicyOf(response)),
    ...serverTimingHeaders(response),
    // https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
    'x-accel-buffering': 'no',
    // Its own address may have a ticket, which is nothing for the sandbox to which it leads.
    'referrer-policy': 'no-referrer',
  });
  response.write(begin);
  return (element) => response.end(element + end);
}

function pageFor(response: ServerResponse, make: Page | PageMaker): Page {
  return typeof make === 'function' ? inReadersLanguage(make, response) : make;
}

function inReadersLanguage(make: PageMaker, response: ServerResponse): Page {
  const edition = editionFor(response.req.headers, brandOf(response));
  const { language, look } = edition;
  return { language, look, ...make(edition) };
}

/** Sends JSON, for programs. */
export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return;
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...serverTimingHeaders(response),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Sends an error as JSON, for programs. */
export function answerError(response: ServerResponse, code: ErrorCode, message: string): void {
  answerJson(response, ERRORS[code].status, errorBody(code, message));
}

export function wantsPage(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').includes('text/html');
}
