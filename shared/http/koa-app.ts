// The base of all our Koa applications: one place that turns errors into answers, JSON bodies, tokens.
import Koa from 'koa';
import { errorBodyOf } from '../api/error.ts';
import { describeError, FleetError } from '../errors.ts';
import { type Logger, loggablePath } from '../logging.ts';
import { serverTimingOf } from '../reader-times/server-timing.ts';
import { answerPage, wantsPage } from './answer.ts';
import { carriesToken } from './auth.ts';
import type { PageMaker } from './page.ts';
import { askForBody, readText } from './read-body.ts';
import { isForeignPost } from './visitor.ts';

export interface AppOptions {
  readonly logger: Logger;
  /** The page with which a browser is answered in place of JSON; undefined for none. */
  readonly errorPage?: (error: FleetError) => PageMaker | undefined;
}

/** Longest body that our APIs accept. Bytes */
const MAX_BODY_BYTES = 64 * 1024;

/** A Koa app that answers errors as in `shared/api/error.ts`, and logs those whose message is not for the caller. */
export function createApp({ logger, errorPage }: AppOptions): Koa {
  const app = new Koa();
  app.silent = true;
  app.use(async (context, next) => {
    try {
      await next();
      if (context.status === 404 && context.body === undefined) {
        throw new FleetError('no-such-path', `there is nothing at ${context.path}`);
      }
      // Set by the router, which has also set `Allow`.
      if ((context.status === 405 || context.status === 501) && context.body === undefined) {
        throw new FleetError('method-not-allowed', `${context.method} is not answered at ${context.path}`);
      }
    } catch (cause) {
      const error = cause instanceof FleetError ? cause : new FleetError('internal', describeError(cause));
      if (!error.expose) {
        logger.error({ error: describeError(cause), path: loggablePath(context.url) }, 'a request failed');
      }
      context.status = error.status;
      if (error.retryAfterMs !== undefined)
        context.set('Retry-After', String(Math.ceil(error.retryAfterMs / 1000)));
      if (error.code === 'full' && !context.res.hasHeader('Retry-After')) context.set('Retry-After', '5');
      const page = wantsPage(context.req) ? errorPage?.(error) : undefined;
      if (page !== undefined) answerPage(context.res, error.status, page);
      else context.body = errorBodyOf(error);
    }
    const timing = serverTimingOf(context.res);
    if (timing !== undefined && !context.res.headersSent) context.set('Server-Timing', timing);
  });
  app.on('error', (error: unknown) =>
    logger.debug({ error: describeError(error) }, 'a response could not be sent'),
  );
  return app;
}

/** Refuses a request without `token` with 401; an empty token disables the check. */
export function requireToken(token: string): Koa.Middleware {
  return async (context, next) => {
    if (token !== '' && !carriesToken(context.get('authorization'), token)) {
      context.set('WWW-Authenticate', 'Bearer');
      throw new FleetError('unauthorized', 'this address requires a token', {
        remedy: 'send it as "Authorization: Bearer …"',
      });
    }
    await next();
  };
}

/** Refuses a POST that a page of another origin makes. @param allowedOrigin as of `--allow-origin` */
export function refuseForeignPosts(allowedOrigin: string): Koa.Middleware {
  return async ({ req, method }, next) => {
    if (method === 'POST' && isForeignPost(req.headers, allowedOrigin)) {
      throw new FleetError('forbidden', 'pages of other origins cannot use this address', {
        remedy: 'allow the origin with --allow-origin',
      });
    }
    await next();
  };
}

/** The request's body as text, byte for byte. @throws FleetError `body-too-large` */
export function readTextBody(context: Koa.Context): Promise<string> {
  askForBody(context.req, context.res);
  return readText(context.req, { bytes: MAX_BODY_BYTES, what: 'the body', code: 'body-too-large' });
}

/**
 * The request's body as JSON, whatever content type it claims; `undefined` when it is empty.
 * @throws FleetError `bad-request`, `body-too-large`
 */
export async function readJsonBody(context: Koa.Context): Promise<unknown> {
  const text = (await readTextBody(context)).trim();
  if (text === '') return undefined;
  try {
    // Kept for the audit trail, which records the request.
    context.state.json = JSON.parse(text);
    return context.state.json;
  } catch (cause) {
    throw new FleetError('bad-request', 'the body is not JSON', { cause });
  }
}
