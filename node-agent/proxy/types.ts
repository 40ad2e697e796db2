// The types between the proxy and the node: options, notices, refusals, counters.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SocketLimitOptions } from '../../shared/limits/socket-limits.ts';
import type { Address } from '../engine/engine.ts';
import type { Admission } from '../ownership/access.ts';
import type { StaticCache } from '../static-cache/static-cache.ts';
import type { FixedHeaders } from './headers.ts';
import type { PageTail } from './page-tail.ts';
import type { SandboxTunnel } from './upstream/handler.ts';
import type { Upstream } from './upstream/upstream.ts';

/** Where a sandbox listens, or why there is none: `gone` was never here or was removed, `dead` is here but does not answer any more. */
export type Lookup = { readonly address: Address; readonly token: string | undefined } | 'gone' | 'dead';

export interface ProxyOptions extends SocketLimitOptions {
  readonly lookup: (id: string) => Lookup;
  /**
   * Real use: a response below 400, bytes of a body or of WebSocket data in either direction, and the first request that
   * a sandbox gets, as it is written. Called often; must be cheap.
   */
  readonly used: (id: string) => void;
  /** A request is on its way to its sandbox. */
  readonly began?: ((id: string, request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** The sandbox refused a connection, or broke one off before it answered: a hint to look at it. */
  readonly failed: (id: string) => void;
  /** Answers for what has no sandbox behind it. */
  readonly refuse: (request: IncomingMessage, response: ServerResponse, refusal: Refusal) => void;
  /** A header of every response of that sandbox, as name and value; undefined for none. Called for each: must be cheap. */
  readonly notice?: (id: string) => readonly [string, string] | undefined;
  /** What goes behind the HTML pages of that sandbox. */
  readonly pageTail?: (id: string) => PageTail | undefined;
  /** Answers below `/user/<id>/.tmpfleet/`, which then no sandbox gets. */
  readonly own?: OwnPaths;
  /** Answers some of the requests that a sandbox's key admits, in its place. */
  readonly memory?: Pick<StaticCache, 'answer'> | undefined;
  /** Who wants to know of the first output of a sandbox's kernels. */
  readonly outputs?: {
    readonly awaitsOutput: (id: string) => boolean;
    readonly sawOutput: (id: string) => void;
  };
  /** Sandboxes whose processes are stopped until their readers come back; undefined where there are none. Must be cheap. */
  readonly frozen?: FrozenSandboxes;
  /** Set on every proxied response (CORS); they replace the sandbox's own of the same name, `vary` is added to. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** Who may show the pages of sandboxes in a frame: a `frame-ancestors` directive. */
  readonly framePolicy: () => string;
  /** Trust X-Forwarded-* of the client (behind a TLS terminator); otherwise they are replaced. */
  readonly trustProxy: boolean;
  /** What of a request its sandbox gets. Called for each: must be cheap. */
  readonly admit: (request: IncomingMessage, id: string, target: string) => Admission;
  readonly cookies: CookieNames;
  /** Sandboxes get paths without `/user/<id>`. */
  readonly stripPrefix?: boolean;
  /** ms from sending a request to the response's headers; 0 is no limit. Bodies have none. Default 10 minutes. */
  readonly headersTimeout?: number;
  /** ms without a byte in either direction, after which a request's connection is destroyed. Default 10 minutes. */
  readonly stallTimeoutMs?: number;
  /** Longest time that an idle connection to a sandbox is kept. ms; default 15 s */
  readonly keepAliveMs?: number;
  /** ms from a request's head, of a reader who waits for `100 Continue`, until we say it for a silent sandbox. Default 1 s. */
  readonly expectTimeoutMs?: number;
}

export interface FrozenSandboxes {
  readonly has: (id: string) => boolean;
  /** The reader asks for something. What is sent meanwhile waits in the sandbox's sockets. */
  readonly wake: (id: string) => void;
}

/** Names of the cookies that sandboxes have set. */
export interface CookieNames {
  readonly names: (id: string) => ReadonlySet<string>;
  /** False when the sandbox may set no more. */
  readonly learn: (id: string, name: string) => boolean;
}

/**
 * Answers a request of somebody whom the sandbox's key admits; false where it does not, and the sandbox gets it.
 * @param name what follows `.tmpfleet/`, without a query
 */
export type OwnPaths = (
  request: IncomingMessage,
  response: ServerResponse,
  at: { readonly id: string; readonly name: string },
) => boolean;

export interface Refusal {
  readonly status: 400 | 403 | 404 | 429 | 502 | 503 | 504;
  readonly reason:
    | 'malformed'
    | 'stranger'
    | 'gone'
    | 'dead'
    | 'upstream-error'
    | 'upstream-timeout'
    | 'too-many-sockets';
  /** Of a malformed request: what is wrong with it, as a sentence. */
  readonly fault?: string;
  readonly id?: string;
}

/** Why a response was not the sandbox's own; `truncated`: it broke off midway, and so did what the reader got. */
export type ProxyFailure = Refusal['reason'] | 'truncated';

/** Rising, except `openSockets`. */
export interface ProxyCounters {
  readonly requests: number;
  readonly upgrades: number;
  /** WebSockets open now. */
  readonly openSockets: number;
  /** Bodies and WebSocket streams, without HTTP headers. */
  readonly bytesToReader: number;
  readonly bytesToSandbox: number;
  readonly errors: Readonly<Record<ProxyFailure, number>>;
  /** Answers begun, by the first digit of their status. */
  readonly answers: Readonly<Record<StatusClass, number>>;
}

/** `1` stands for a change of protocols. */
export type StatusClass = 1 | 2 | 3 | 4 | 5;

export interface NodeProxy {
  /** False when the path is not under /user/: not ours. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** A removed sandbox: its connections are closed, WebSockets too. */
  forget(id: string): void;
  readonly counters: ProxyCounters;
  /** Whether a request to that sandbox is under way; open WebSockets do not count. */
  isBusy(id: string): boolean;
  /** Closes every connection, to sandboxes and of WebSockets. */
  close(): Promise<void>;
}

export interface ProxyRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  /** The request target for the sandbox. */
  readonly target: string;
  readonly token: string | undefined;
  /** See `AdmittedRequest` in ownership/access.ts. */
  readonly inert: boolean;
  readonly hasBody: boolean;
  /** The connections to its sandbox. */
  readonly upstream: Upstream;
  /** Set when the reader asks for another protocol. */
  readonly upgrade: Upgrade | undefined;
}

export interface Upgrade {
  readonly protocol: string;
  /** The sandbox agreed: from here on `tunnel` carries that protocol. */
  readonly agreed: (tunnel: SandboxTunnel, rawHeaders: readonly string[]) => void;
}

/** What all exchanges of one proxy share. */
export interface ProxyContext {
  readonly options: ProxyOptions;
  readonly fixed: FixedHeaders;
  readonly tally: ProxyTally;
  readonly headersTimeout: number;
  readonly stallTimeoutMs: number;
  /** A monotonic clock, ms. */
  readonly now: () => number;
}

/** The proxy's own view of its counters. */
export type ProxyTally = { -readonly [K in keyof Omit<ProxyCounters, 'errors' | 'answers'>]: number } & {
  readonly errors: Record<ProxyFailure, number>;
  readonly answers: Record<StatusClass, number>;
};

export function countAnswer({ answers }: ProxyTally, status: number): void {
  if (status < 200) answers[1] += 1;
  else if (status < 300) answers[2] += 1;
  else if (status < 400) answers[3] += 1;
  else if (status < 500) answers[4] += 1;
  else answers[5] += 1;
}
