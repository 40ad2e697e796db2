// The front's public side: redirects ahead of Koa, everything else by Koa.
import type { IncomingMessage, ServerResponse } from 'node:http';
import Router from '@koa/router';
import type Koa from 'koa';
import type { Brand } from '../../shared/brand/brand.ts';
import { FleetError } from '../../shared/errors.ts';
import { createAnswerCors } from '../../shared/http/cors.ts';
import { createApp, refuseForeignPosts } from '../../shared/http/koa-app.ts';
import { OPENAPI_PATH, serveOpenApi } from '../../shared/http/openapi.ts';
import type { Logger } from '../../shared/logging.ts';
import type { RedirectorConfig } from '../config.ts';
import { serveEmbedScript } from '../embed/script.ts';
import { PUBLIC_API } from './openapi.ts';
import type { SpawnDesk } from './spawn/spawn.ts';

export interface PublicOptions {
  readonly config: RedirectorConfig;
  readonly brand: Brand;
  readonly redirect: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly desk: SpawnDesk;
  /** JSON. */
  readonly stats: () => Buffer;
  readonly logger: Logger;
}

/**
 * A dot in the first segment, or a WordPress directory: favicon.ico, robots.txt, .well-known/…, .env, wp-login.php. Browsers,
 * crawlers and scanners ask for these by themselves, and no claim path of a node has a dot.
 */
const NEVER_A_CLICK = /^\/(?:[^/]*\.|wp-)/;
const OURS: ReadonlySet<string> = new Set([
  '/stats',
  '/stats/',
  '/api/stats',
  '/api/stats/',
  '/api/spawn',
  '/api/spawn/',
  OPENAPI_PATH,
]);

/** Whether the front answers this path itself, if only with 404. */
export function isOwn(path: string): boolean {
  return OURS.has(path) || NEVER_A_CLICK.test(path);
}

export function createPublicHandler(
  options: PublicOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { config, redirect } = options;
  const answerCors = createAnswerCors(config);
  const koa = createPublicApp(options).callback();
  return (request, response) => {
    if (answerCors(request, response)) return;
    if (redirect(request, response)) return;
    void koa(request, response);
  };
}

function createPublicApp({ config, brand, desk, stats, logger }: PublicOptions): Koa {
  const app = createApp({ logger });
  const router = new Router();
  router.get(['/stats', '/api/stats'], (context) => {
    context.set('Cache-Control', 'no-store');
    context.type = 'application/json';
    context.body = stats();
  });
  router.post(['/api/spawn', '/api/spawn/'], refuseForeignPosts(config.allowOrigin), async (context) => {
    context.body = await desk.spawn(context);
  });
  router.get('/robots.txt', (context) => {
    context.type = 'text/plain';
    context.body = 'User-agent: *\nDisallow: /\n';
  });
  serveEmbedScript(router, brand);
  serveOpenApi(router, PUBLIC_API);
  app.use(router.routes());
  app.use((context) => {
    const reads = context.method === 'GET' || context.method === 'HEAD';
    if (reads && !context.path.startsWith('/api/spawn')) return;
    context.set('Allow', OURS.has(context.path) ? allowed(context.path) : 'GET, HEAD, POST, OPTIONS');
    throw new FleetError('method-not-allowed', `${context.method} is not answered at ${context.path}`);
  });
  return app;
}

function allowed(path: string): string {
  return path.startsWith('/api/spawn') ? 'POST, OPTIONS' : 'GET, HEAD, OPTIONS';
}
