// Decides by its `Host` what a request is for, where each sandbox has a host name of its own (`--sandbox-domain`). At the name of
// a sandbox there is that sandbox and nothing else; at the node's own name there is everything but sandboxes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { joinRequestTarget, splitRequestTarget } from '../../shared/http/request-target.ts';
import { serverTimingHeaders } from '../../shared/reader-times/server-timing.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { OwnOrigin } from '../own-origin/own-origin.ts';
import { parseSandboxPath } from '../proxy/path.ts';
import type { Lookup, NodeProxy, ProxyOptions } from '../proxy/proxy.ts';
import { nothingHerePage } from './error-page.ts';
import type { FrameArrivals } from './frame-arrivals.ts';

export interface SandboxHostsOptions {
  readonly config: Pick<NodeAgentConfig, 'stripPrefix'>;
  readonly ownOrigin: OwnOrigin;
  readonly proxy: Pick<NodeProxy, 'handle' | 'upgrade'>;
  readonly arrivals: Pick<FrameArrivals, 'handle'>;
  readonly lookup: (id: string) => Lookup;
  readonly refuse: ProxyOptions['refuse'];
}

export class SandboxHosts {
  readonly #options: SandboxHostsOptions;

  constructor(options: SandboxHostsOptions) {
    this.#options = options;
  }

  /** Whether the request came by the name of a sandbox, which need not exist. */
  isAtSandbox(request: IncomingMessage): boolean {
    return this.#options.ownOrigin.sandboxAt(request) !== undefined;
  }

  /** Answers what is for a sandbox, by its host or by its path; false for all else, which is the node's own. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const id = this.#options.ownOrigin.sandboxAt(request);
    if (id === undefined) return this.#redirectToSandbox(request, response);
    if (this.#isThere(id, request, response)) this.#handleAtSandbox(id, request, response);
    return true;
  }

  /** The same for WebSockets; false when there is none at that address. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { ownOrigin, proxy } = this.#options;
    const id = ownOrigin.sandboxAt(request);
    if (id !== undefined && isAtRoot(request, this.#options.config))
      request.url = `/user/${id}${request.url}`;
    const path = parseSandboxPath(request.url ?? '');
    return typeof path === 'object' && path.id === id && proxy.upgrade(request, socket, head);
  }

  #handleAtSandbox(id: string, request: IncomingMessage, response: ServerResponse): void {
    const { ownOrigin, proxy, arrivals, refuse } = this.#options;
    const opened = ownOrigin.handOver(id, request, response);
    if (opened === 'refused') refuse(request, response, { status: 403, reason: 'stranger', id });
    if (opened !== 'elsewhere') return;
    const path = parseSandboxPath(request.url ?? '');
    if (path === 'malformed' || (path !== 'elsewhere' && path.id === id)) {
      if (!arrivals.handle(request, response)) proxy.handle(request, response);
      return;
    }
    const target = splitRequestTarget(request.url ?? '/');
    if (target.path === '/' || isAtRoot(request, this.#options.config)) {
      redirect(request, response, joinRequestTarget({ ...target, path: `/user/${id}${target.path}` }));
    } else if (wantsPage(request)) {
      answerPage(response, 404, nothingHerePage(`${ownOrigin.homeOf(request)}/`));
    } else {
      answerError(response, 'no-such-path', 'the host of a sandbox has nothing at this path');
    }
  }

  /** To the sandbox's own host. The browser that claimed it is handed it on the way. */
  #redirectToSandbox(request: IncomingMessage, response: ServerResponse): boolean {
    const { ownOrigin, refuse } = this.#options;
    const path = parseSandboxPath(request.url ?? '');
    if (path === 'elsewhere') return false;
    if (path === 'malformed') {
      refuse(request, response, { status: 400, reason: 'malformed' });
      return true;
    }
    const { id, query } = path;
    if (!this.#isThere(id, request, response)) return true;
    const target = path.target ?? `/user/${id}/${query}`;
    const own = request.method === 'GET' ? ownOrigin.findClaimed(id, request) : undefined;
    const place = splitRequestTarget(target.slice(`/user/${id}`.length));
    redirect(
      request,
      response,
      own === undefined
        ? `${ownOrigin.originOf(id, request)}${target}`
        : ownOrigin.handOverAddress(own, { ...place, path: place.path.slice(1) }, request),
    );
    return true;
  }

  /** False when it has answered that there is no such sandbox. */
  #isThere(id: string, request: IncomingMessage, response: ServerResponse): boolean {
    const { ownOrigin, lookup, refuse } = this.#options;
    const found = ownOrigin.canName(id) ? lookup(id) : 'gone';
    if (typeof found === 'object') return true;
    refuse(request, response, { status: found === 'gone' ? 404 : 503, reason: found, id });
    return false;
  }
}

/** A program that does not know its base path writes links from its root; at a host of its own they can mean nothing else. */
function isAtRoot(
  { url = '' }: IncomingMessage,
  { stripPrefix }: Pick<NodeAgentConfig, 'stripPrefix'>,
): boolean {
  return stripPrefix && parseSandboxPath(url) === 'elsewhere';
}

/** 307 keeps the method of what is not a mere look. */
function redirect({ method }: IncomingMessage, response: ServerResponse, location: string): void {
  response.writeHead(method === 'GET' || method === 'HEAD' ? 302 : 307, {
    location,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-length': '0',
    ...serverTimingHeaders(response),
  });
  response.end();
}
