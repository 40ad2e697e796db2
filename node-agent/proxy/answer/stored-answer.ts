// Sends an answer from the node's memory as if the sandbox had given it: the same rules for its headers, the same counts.
import { allowStall } from '../../../shared/sockets/stall.ts';
import type { StoredAnswer } from '../../static-cache/static-cache.ts';
import { responseHeaders } from '../headers.ts';
import { countAnswer, type ProxyContext, type ProxyRequest } from '../types.ts';
import { UseMarker } from '../use-marker.ts';
import { writeHead } from './response-head.ts';
import { responseRules } from './response-rules.ts';

export function sendStored(stored: StoredAnswer, proxied: ProxyRequest, context: ProxyContext): void {
  const { response } = proxied;
  // A pipelined request waits for its turn, as one that goes on to a sandbox does.
  if (response.socket === null) response.once('socket', () => send(stored, proxied, context));
  else send(stored, proxied, context);
}

function send({ status, headers, body }: StoredAnswer, proxied: ProxyRequest, context: ProxyContext): void {
  const { request, response, id, target } = proxied;
  const { options, tally, now, stallTimeoutMs } = context;
  const use = new UseMarker(() => options.used(id), now);
  if (proxied.upstream.polls.isPoll(request, target, now())) use.ignoreAsPoll();
  allowStall(request, stallTimeoutMs);
  countAnswer(tally, status);
  const flat = responseHeaders(headers, status, responseRules(proxied, context));
  const notice = options.notice?.(id);
  if (notice !== undefined) flat.push(...notice);
  writeHead(response, status, undefined, flat);
  if (status < 400) {
    use.mark();
    // A large file takes a slow reader a while, and they are there until its end.
    response.once('finish', () => use.mark());
  }
  if (body === undefined || request.method === 'HEAD') response.end();
  else {
    tally.bytesToReader += body.length;
    response.end(body);
  }
}
