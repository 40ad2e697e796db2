// What holds for the responses to one request of a reader.
import type { IncomingMessage } from 'node:http';
import { isHttps } from '../../../shared/http/cookies.ts';
import type { ResponseRules } from '../headers.ts';
import type { ProxyContext, ProxyOptions, ProxyRequest } from '../types.ts';

/** What becomes of the headers of the sandbox's response. */
export function responseRules(
  { request, id, inert, upstream }: Pick<ProxyRequest, 'request' | 'id' | 'inert' | 'upstream'>,
  { options, fixed }: ProxyContext,
): ResponseRules {
  const learnCookie = (name: string): boolean => options.cookies.learn(id, name);
  const secure = (): boolean => isHttps(request, options.trustProxy);
  const framePolicy = options.framePolicy();
  const base = `/user/${id}/`;
  const prefix =
    options.stripPrefix === true ? { base, readersHost: readersHost(request, options) } : undefined;
  const { address } = upstream;
  return { base, address, prefix, fixed, framePolicy, inert, learnCookie, isHttps: secure };
}

/** The host by which the reader asked, which a trusted proxy may have to say. */
function readersHost(
  { headers }: IncomingMessage,
  { trustProxy }: Pick<ProxyOptions, 'trustProxy'>,
): string | undefined {
  const forwarded = trustProxy ? headers['x-forwarded-host'] : undefined;
  return typeof forwarded === 'string' ? forwarded.split(',', 1)[0]?.trim() : headers.host;
}
