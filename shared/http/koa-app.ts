// What every Koa application of ours begins with: one place that turns an error into an answer, JSON bodies, tokens.
import Koa from 'koa';
import { describeError, FleetError } from '../errors.ts';
import { type Logger, loggablePath } from '../logging.ts';
import { carriesToken } from './auth.ts';

export interface AppOptions {
  readonly logger: Logger;
}

/** The longest body our own APIs read. */
const MAX_BODY_BYTES = 64 * 1024;

/** A Koa app whose errors are JSON `{status:"error"|"full", message, remedy?}` and whose faults are logged, not told. */
export function createApp({ logger }: AppOptions): Koa {
  const app = new Koa();
  app.silent = true;
  app.use(async (context, next) => {
    try {
      await next();
      if (context.status === 404 && context.body === undefined) {
        throw new FleetError('not-found', `there is nothing at ${context.path}`);
      }
    } catch (error) {
      const known = error instanceof FleetError ? error : undefined;
      if (known === undefined || !known.expose) {
        logger.error({ error: describeError(error), path: loggablePath(context.url) }, 'a request failed');
      }
      context.status = known?.status ?? 500;
      if (known?.code === 'full' && !context.res.hasHeader('Retry-After')) context.set('Retry-After', '5');
      context.body = {
        status: known?.code === 'full' ? 'full' : 'error',
        message:
          known?.expose === true ? known.message : 'something went wrong on our side; it has been logged',
        ...(known?.expose === true && known.remedy !== undefined ? { remedy: known.remedy } : {}),
      };
    }
  });
  app.on('error', (error: unknown) =>
    logger.debug({ error: describeError(error) }, 'a response could not be sent'),
  );
  return app;
}

/** Refuses with 401 what does not carry `token`; an empty token asks for none. */
export function requireToken(token: string): Koa.Middleware {
  return async (context, next) => {
    if (token !== '' && !carriesToken(context.get('authorization'), token)) {
      context.set('WWW-Authenticate', 'Bearer');
      throw new FleetError('unauthorized', 'this address asks for a token', {
        remedy: 'send it as "Authorization: Bearer …"',
      });
    }
    await next();
  };
}

/** The request's body as text, byte for byte. @throws FleetError `body-too-large` */
export async function readTextBody(context: Koa.Context): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of context.req) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > MAX_BODY_BYTES)
      throw new FleetError('body-too-large', `the body is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The request's body as JSON, whatever content type it claims; `undefined` when it is empty.
 * @throws FleetError `bad-request`, `body-too-large`
 */
export async function readJsonBody(context: Koa.Context): Promise<unknown> {
  const text = (await readTextBody(context)).trim();
  if (text === '') return undefined;
  try {
    // Kept for who has to tell what was asked.
    context.state.json = JSON.parse(text);
    return context.state.json;
  } catch (cause) {
    throw new FleetError('bad-request', 'the body is not JSON', { cause });
  }
}
