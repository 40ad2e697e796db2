// Cross-origin headers: the same options and the same answer in both programs, on errors too.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ConfigOf, duration, flag, list, option, text } from '../config/option.ts';

/** tmpnb's own names, so that its users find them. */
export const corsOptions = {
  allowOrigin: option(
    text('origin', 'an origin such as https://journal.example.org, or *'),
    '',
    'Access-Control-Allow-Origin on every answer: an origin, or * (none: no CORS headers)',
  ),
  allowMethods: option(
    list('methods', 'HTTP methods, comma-separated', /^[A-Z]+$/),
    ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    'methods a cross-origin caller may use',
  ),
  allowHeaders: option(
    list('names', 'header names, comma-separated', /^[A-Za-z0-9-]+$/),
    ['Authorization', 'Content-Type', 'X-XSRFToken', 'X-Requested-With'],
    'request headers a cross-origin caller may send',
  ),
  exposeHeaders: option(
    list('names', 'header names, comma-separated', /^[A-Za-z0-9-]+$/),
    ['Retry-After', 'Tmpfleet-Deadline'],
    'response headers a cross-origin caller may read',
  ),
  allowCredentials: option(flag(), false, 'let cross-origin callers send cookies'),
  corsMaxAge: option(duration(), 86_400_000, 'how long a browser may remember a preflight'),
};
export type CorsConfig = ConfigOf<typeof corsOptions>;

/** The headers for any answer; empty when no origin is allowed. */
export function corsHeaders(config: CorsConfig): Readonly<Record<string, string>> {
  if (config.allowOrigin === '') return {};
  return {
    'access-control-allow-origin': config.allowOrigin,
    ...(config.allowOrigin === '*' ? {} : { vary: 'Origin' }),
    ...(config.exposeHeaders.length > 0
      ? { 'access-control-expose-headers': config.exposeHeaders.join(', ') }
      : {}),
    ...(config.allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
  };
}

/** The further headers for the answer to `OPTIONS`. */
export function preflightHeaders(config: CorsConfig): Readonly<Record<string, string>> {
  if (config.allowOrigin === '') return {};
  return {
    ...corsHeaders(config),
    'access-control-allow-methods': config.allowMethods.join(', '),
    'access-control-allow-headers': config.allowHeaders.join(', '),
    'access-control-max-age': String(Math.round(config.corsMaxAge / 1000)),
  };
}

/**
 * Answers `OPTIONS` with 204 and says so; sets the headers for whatever answers everything else.
 * Made once, because it runs for every request.
 */
export function createAnswerCors(
  config: CorsConfig,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const everywhere = Object.entries(corsHeaders(config));
  const preflight = { ...preflightHeaders(config), allow: config.allowMethods.join(', ') };
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, preflight).end();
      return true;
    }
    for (const [name, value] of everywhere) response.setHeader(name, value);
    return false;
  };
}

/** The same, for whoever answers few requests. */
export function answerCors(request: IncomingMessage, response: ServerResponse, config: CorsConfig): boolean {
  return createAnswerCors(config)(request, response);
}
