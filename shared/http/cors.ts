// Cross-origin (CORS) headers: the same options and the same headers in both programs, also on error responses.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ConfigOf, duration, flag, inGroup, list, option, text } from '../config/option.ts';

/** Named as in tmpnb, with dashes. */
export const corsOptions = inGroup('Cross-origin requests', {
  allowOrigin: {
    ...option(
      text('origin', 'an origin such as https://journal.example.org, or *'),
      '',
      'origin whose pages may call this program, or *; sent as Access-Control-Allow-Origin',
    ),
    whenUnset: 'no CORS headers are sent',
  },
  allowMethods: option(
    list('methods', 'HTTP methods, comma-separated', /^[A-Z]+$/),
    ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    'methods that a cross-origin page may use',
  ),
  allowHeaders: option(
    list('names', 'header names, comma-separated', /^[A-Za-z0-9-]+$/),
    ['Authorization', 'Content-Type', 'X-XSRFToken', 'X-Requested-With', 'Tmpfleet-Work'],
    'request headers that a cross-origin page may send',
  ),
  exposeHeaders: option(
    list('names', 'header names, comma-separated', /^[A-Za-z0-9-]+$/),
    ['Retry-After', 'Tmpfleet-Deadline'],
    'response headers that a cross-origin page may read',
  ),
  allowCredentials: option(flag(), false, 'let cross-origin pages send cookies'),
  corsMaxAgeMs: option(
    duration(),
    86_400_000,
    'how long browsers may cache the answer to a preflight request',
  ),
});
export type CorsConfig = ConfigOf<typeof corsOptions>;

/** The headers of any response; none without an allowed origin. */
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

/** All headers of the response to `OPTIONS`. */
export function preflightHeaders(config: CorsConfig): Readonly<Record<string, string>> {
  if (config.allowOrigin === '') return {};
  return {
    ...corsHeaders(config),
    'access-control-allow-methods': config.allowMethods.join(', '),
    'access-control-allow-headers': config.allowHeaders.join(', '),
    'access-control-max-age': String(Math.round(config.corsMaxAgeMs / 1000)),
  };
}

/**
 * Returns a function that answers `OPTIONS` with 204 and returns true, and only sets the headers for any other request.
 * Built once, because the function runs for every request.
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

/** The same for a caller with few requests. */
export function answerCors(request: IncomingMessage, response: ServerResponse, config: CorsConfig): boolean {
  return createAnswerCors(config)(request, response);
}
