// Sends one of our pages on a raw response; for the proxy, which does not use Koa, and for the app.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody } from '../api/error.ts';
import { editionFor } from '../brand/brand.ts';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { brandOf, framePolicyOf } from './embedding.ts';
import { type Page, type PageMaker, pageHeaders, renderPage } from './page.ts';

/** @param make a page that exists in one language only, or what makes it in the reader's */
export function answerPage(response: ServerResponse, status: number, make: Page | PageMaker): void {
  if (response.headersSent) return;
  const page = typeof make === 'function' ? inReadersLanguage(make, response) : make;
  const body = renderPage(page);
  response.writeHead(status, {
    ...pageHeaders(page, framePolicyOf(response)),
    'content-length': Buffer.byteLength(body),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
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
