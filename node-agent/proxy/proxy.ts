// Everything under /user/<id>/ goes to that sandbox, and only there. Called ahead of Koa, which would cost more
// than the proxying itself.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SocketLimits } from '../../shared/limits/socket-limits.ts';
import { responseRules } from './answer/response-rules.ts';
import { sendStored } from './answer/stored-answer.ts';
import { proxyRequest } from './exchange.ts';
import { fixHeaders, responseHeaders } from './headers.ts';
import { isKernelChannel, OutputWatch } from './output-watch.ts';
import { parseSandboxPath, type SandboxPath } from './path.ts';
import {
  countAnswer,
  type Lookup,
  type NodeProxy,
  type ProxyContext,
  type ProxyOptions,
  type ProxyRequest,
  type ProxyTally,
  type Refusal,
} from './types.ts';
import type { SandboxTunnel } from './upstream/handler.ts';
import { framing } from './upstream/request-body.ts';
import { Upstream } from './upstream/upstream.ts';
import { isEventFeed } from './use-marker.ts';
import { agree, joinSockets, responseOn } from './websocket.ts';

export type {
  Lookup,
  NodeProxy,
  NodeProxy as Proxy,
  OwnPaths,
  ProxyCounters,
  ProxyFailure,
  ProxyOptions,
  Refusal,
} from './types.ts';

const HEADERS_TIMEOUT_MS = 600_000;
const STALL_TIMEOUT_MS = 600_000;
const BAD_PATH = 'The address leaves the sandbox that it names, or contains a fragment.';
const BAD_FRAMING =
  'Its body has a transfer coding other than "chunked", or both a transfer coding and a length.';
const BAD_UPGRADE = 'A request for another protocol must be a GET without a body.';
const ALLOW = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const now = (): number => performance.now();

export function createProxy(options: ProxyOptions): NodeProxy {
  return new SandboxProxy(options);
}

class SandboxProxy implements NodeProxy {
  readonly counters: ProxyTally = {
    requests: 0,
    upgrades: 0,
    openSockets: 0,
    bytesToReader: 0,
    bytesToSandbox: 0,
    errors: {
      malformed: 0,
      stranger: 0,
      gone: 0,
      dead: 0,
      'upstream-error': 0,
      'upstream-timeout': 0,
      'too-many-sockets': 0,
      truncated: 0,
    },
    answers: { 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 },
  };
  readonly #options: ProxyOptions;
  readonly #context: ProxyContext;
  readonly #upstreams = new Map<string, Upstream>();
  /** What cuts each open WebSocket, by sandbox. */
  readonly #tunnels = new Map<string, Set<() => void>>();
  readonly #sockets: SocketLimits;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#sockets = new SocketLimits(options);
    this.#context = {
      options,
      fixed: fixHeaders(options.responseHeaders),
      tally: this.counters,
      headersTimeout: options.headersTimeout ?? HEADERS_TIMEOUT_MS,
      stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
      now,
    };
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = parseSandboxPath(request.url ?? '');
    if (path === 'elsewhere') return false;
    this.counters.requests += 1;
    const proxied = this.#route(path, request, response);
    if (proxied === undefined) return true;
    const { id, target, hasBody } = proxied;
    this.#options.began?.(id, request, response);
    const stored = hasBody ? undefined : this.#options.memory?.answer(request, id, target);
    if (stored === undefined) proxyRequest(proxied, this.#context);
    else sendStored(stored, proxied, this.#context);
    return true;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const path = parseSandboxPath(request.url ?? '');
    if (path === 'elsewhere') return false;
    this.counters.upgrades += 1;
    socket.on('error', () => socket.destroy());
    const response = responseOn(request, socket);
    if (response === undefined || !(socket instanceof Socket)) {
      socket.destroy();
      return true;
    }
    const proxied = this.#route(withSlash(path), request, response);
    if (proxied === undefined) return true;
    const { id } = proxied;
    if (proxied.hasBody || request.method !== 'GET') {
      this.#refuse(request, response, { status: 400, reason: 'malformed', fault: BAD_UPGRADE, id });
      return true;
    }
    const protocol = request.headers.upgrade?.trim() ?? '';
    if (protocol.toLowerCase() !== 'websocket') {
      // A client that offers another protocol (`h2c`) accepts an HTTP/1.1 response too.
      proxyRequest(proxied, this.#context);
      return true;
    }
    if (!this.#sockets.admit(id, request, socket)) {
      this.#refuse(request, response, { status: 429, reason: 'too-many-sockets', id });
      return true;
    }
    const agreed = (tunnel: SandboxTunnel, rawHeaders: readonly string[]): void => {
      const rules = responseRules(proxied, this.#context);
      countAnswer(this.counters, 101);
      agree(response, socket, protocol, responseHeaders(rawHeaders, 101, rules));
      if (head.length > 0) socket.unshift(head);
      this.#join(proxied, socket, tunnel);
    };
    proxyRequest({ ...proxied, upgrade: { protocol, agreed } }, this.#context);
    return true;
  }

  forget(id: string): void {
    this.#upstreams.get(id)?.destroy();
    this.#upstreams.delete(id);
    for (const cut of this.#tunnels.get(id) ?? []) cut();
  }

  isBusy(id: string): boolean {
    return this.#upstreams.get(id)?.isBusy === true;
  }

  async close(): Promise<void> {
    for (const id of new Set([...this.#upstreams.keys(), ...this.#tunnels.keys()])) this.forget(id);
  }

  /** Undefined when the request has been answered already. */
  #route(
    path: SandboxPath | 'malformed',
    request: IncomingMessage,
    response: ServerResponse,
  ): ProxyRequest | undefined {
    const body = framing(request);
    if (path === 'malformed' || body === 'malformed') {
      const fault = path === 'malformed' ? BAD_PATH : BAD_FRAMING;
      // Where such a body ends is not known, nor what comes behind it (RFC 9112 §6.3).
      if (body === 'malformed') response.shouldKeepAlive = false;
      this.#refuse(request, response, { status: 400, reason: 'malformed', fault });
      return undefined;
    }
    if (request.method === 'TRACE' || isLastHop(request)) {
      answerItself(request, response, this.#options.responseHeaders);
      countAnswer(this.counters, response.statusCode);
      return undefined;
    }
    const { id, target, query } = path;
    const found = this.#options.lookup(id);
    if (found === 'gone' || found === 'dead') {
      this.#refuse(request, response, { status: found === 'gone' ? 404 : 503, reason: found, id });
      return undefined;
    }
    if (target === undefined) {
      countAnswer(this.counters, 302);
      redirect(request, response, `/user/${id}/${query}`, this.#options.responseHeaders);
      return undefined;
    }
    const admitted = this.#options.admit(request, id, target);
    if (admitted === 'stranger') {
      this.#refuse(request, response, { status: 403, reason: 'stranger', id });
      return undefined;
    }
    const own = this.#options.own;
    const name = own === undefined ? undefined : ownName(id, target);
    if (own !== undefined && name !== undefined && own(request, response, { id, name })) return undefined;
    // One shape for all, and no spread: those cost a part of what a small request does.
    return {
      request,
      response,
      id,
      target: admitted.target,
      token: found.token,
      inert: admitted.inert,
      hasBody: body === 'body',
      upstream: this.#upstream(id, found),
      upgrade: undefined,
    };
  }

  #upstream(id: string, { address }: Exclude<Lookup, string>): Upstream {
    const known = this.#upstreams.get(id);
    if (known !== undefined && known.address.host === address.host && known.address.port === address.port) {
      return known;
    }
    known?.destroy();
    const upstream = new Upstream(address, now, this.#options.keepAliveMs);
    this.#upstreams.set(id, upstream);
    return upstream;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    this.counters.errors[refusal.reason] += 1;
    countAnswer(this.counters, refusal.status);
    this.#options.refuse(request, response, refusal);
  }

  #join({ id, target }: Pick<ProxyRequest, 'id' | 'target'>, reader: Socket, tunnel: SandboxTunnel): void {
    const isUse = !isEventFeed(target);
    const tunnels = this.#tunnels.get(id) ?? new Set();
    this.#tunnels.set(id, tunnels);
    this.counters.openSockets += 1;
    const { frozen } = this.#options;
    const cut = joinSockets(reader, tunnel, {
      isFrozen: frozen && (() => frozen.has(id)),
      wake: () => frozen?.wake(id),
      output: this.#watchOutput(id, target),
      used: () => {
        if (isUse) this.#options.used(id);
      },
      toSandbox: (bytes) => {
        this.counters.bytesToSandbox += bytes;
      },
      toReader: (bytes) => {
        this.counters.bytesToReader += bytes;
      },
      closed: () => {
        this.counters.openSockets -= 1;
        tunnels.delete(cut);
        if (tunnels.size === 0 && this.#tunnels.get(id) === tunnels) this.#tunnels.delete(id);
      },
    });
    tunnels.add(cut);
  }

  #watchOutput(id: string, target: string): OutputWatch | undefined {
    const { outputs } = this.#options;
    if (outputs?.awaitsOutput(id) !== true || !isKernelChannel(target)) return undefined;
    return new OutputWatch({ isAwaited: () => outputs.awaitsOutput(id), seen: () => outputs.sawOutput(id) });
  }
}

/** The address of an upgrade: no WebSocket client follows a redirect to the one with the slash. */
function withSlash(path: SandboxPath | 'malformed'): SandboxPath | 'malformed' {
  if (path === 'malformed' || path.target !== undefined) return path;
  return { ...path, target: `/user/${path.id}/${path.query}` };
}

/** What follows `.tmpfleet/` in a target below `/user/<id>/`, without its query; undefined elsewhere. */
function ownName(id: string, target: string): string | undefined {
  const prefix = `/user/${id}/.tmpfleet/`;
  return target.startsWith(prefix) ? target.slice(prefix.length).split('?', 1)[0] : undefined;
}

/** `Max-Forwards: 0` has the request answered here (RFC 9110 §7.6.2); it has a meaning for OPTIONS and TRACE only. */
function isLastHop({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && /^0+$/.test(headers['max-forwards']?.toString() ?? '');
}

/** TRACE would show a sandbox's page what its browser hides from it: cookies that are ours. */
function answerItself(
  { method }: IncomingMessage,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): void {
  const status = method === 'OPTIONS' ? 200 : 405;
  response.writeHead(status, { ...headers, allow: ALLOW, 'content-length': '0' }).end();
}

/** Keeps the method of whatever is not a mere look. */
function redirect(
  request: IncomingMessage,
  response: ServerResponse,
  location: string,
  headers: Readonly<Record<string, string>>,
): void {
  const looks = request.method === 'GET' || request.method === 'HEAD';
  response.writeHead(looks ? 302 : 307, { ...headers, location, 'content-length': '0' });
  response.end();
}
