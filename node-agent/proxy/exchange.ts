// One request and its response, streamed between reader and sandbox with back-pressure both ways.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { errorCode } from '../../shared/errors.ts';
import { isHttps } from '../../shared/http/cookies.ts';
import { allowStall } from '../../shared/sockets/stall.ts';
import { Expectation } from './expectation.ts';
import { breakOff, describeFailure, isConnectionLoss } from './failure.ts';
import {
  decodeRawHeaders,
  type FixedHeaders,
  type ResponseRules,
  requestHeaders,
  responseHeaders,
} from './headers.ts';
import { TailedPage } from './page-tail.ts';
import { withoutPrefix } from './path.ts';
import { RequestBody } from './request-body.ts';
import { writeHead, writeInterim } from './response-head.ts';
import { countAnswer, type ProxyOptions, type ProxyTally, type Refusal } from './types.ts';
import type { RequestConnection, Upstream } from './upstream/upstream.ts';
import { UseMarker } from './use-marker.ts';

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
  /** Set when the reader asks for another protocol. */
  readonly upgrade?: Upgrade;
}

export interface Upgrade {
  readonly protocol: string;
  /** The sandbox agreed: from here on `socket` carries that protocol. */
  readonly agreed: (socket: Duplex, rawHeaders: readonly string[]) => void;
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

/** A handshake is short; a reader whose socket is not yet read from could not be seen to leave. */
const UPGRADE_TIMEOUT_MS = 60_000;
/** Their responses end with the head. 205 may have a body by its framing, but MUST NOT by its meaning (RFC 9110 §15.3.6). */
const NO_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);
/** They ask for nothing to be changed. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Each of them would give the sandbox its whole time again. */
const MAX_INTERIM = 16;

/** Sends one request to its sandbox and the response back. Never throws: every failure becomes the reader's response. */
export function proxyRequest(proxied: ProxyRequest, upstream: Upstream, context: ProxyContext): void {
  const exchange = new Exchange(proxied, upstream, context);
  // A pipelined request has no socket until those before it are answered; only then it is its turn, so that one
  // connection cannot have more than one request under way, nor fill our memory with answers.
  if (proxied.response.socket === null) proxied.response.once('socket', () => exchange.start());
  else exchange.start();
}

/** What becomes of the headers of the sandbox's response. */
export function responseRules(
  { request, id, inert }: Pick<ProxyRequest, 'request' | 'id' | 'inert'>,
  { address }: Upstream,
  { options, fixed }: ProxyContext,
): ResponseRules {
  const learnCookie = (name: string): boolean => options.cookies.learn(id, name);
  const secure = (): boolean => isHttps(request, options.trustProxy);
  const framePolicy = options.framePolicy();
  const base = `/user/${id}/`;
  const prefix =
    options.stripPrefix === true ? { base, readersHost: readersHost(request, options) } : undefined;
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

class Exchange implements Dispatcher.DispatchHandler {
  readonly #proxied: ProxyRequest;
  readonly #upstream: Upstream;
  readonly #context: ProxyContext;
  #body: RequestBody | undefined;
  #connection: RequestConnection | undefined;
  #retried = false;
  #answered = false;
  #interim = 0;
  readonly #expectation: Expectation | undefined;
  /** The response is being broken off because what goes behind the page needs the whole of it. */
  #asksAgain = false;
  #wrote = false;
  #paused = false;
  #over = false;
  /** The reader has the response; undici has not yet seen its end. */
  #endedAtHead = false;
  readonly #use: UseMarker;
  readonly #page: TailedPage | undefined;

  constructor(proxied: ProxyRequest, upstream: Upstream, context: ProxyContext) {
    this.#proxied = proxied;
    this.#upstream = upstream;
    this.#context = context;
    const { options } = context;
    this.#use = new UseMarker(() => options.used(proxied.id), context.now);
    if (proxied.upgrade === undefined) {
      this.#page = TailedPage.for(proxied.request, () => options.pageTail?.(proxied.id));
    }
    if (!proxied.hasBody) return;
    this.#expectation = Expectation.of(proxied.request, proxied.response, options.expectTimeoutMs);
    this.#useBody(
      new RequestBody(proxied.request, (bytes) => {
        context.tally.bytesToSandbox += bytes;
        this.#use.mark();
      }),
    );
  }

  #useBody(body: RequestBody): void {
    body.on('error', () => this.#abandon());
    this.#body = body;
  }

  start(): void {
    const { request, response, target } = this.#proxied;
    if (this.#proxied.hasBody) {
      allowStall(request, this.#context.stallTimeoutMs);
      request.once('end', () => this.#awaitAnswer());
    } else this.#awaitAnswer();
    response.once('close', () => this.#abandon());
    const { polls } = this.#upstream;
    if (polls.isPoll(request, target, this.#context.now())) this.#use.ignoreAsPoll();
    this.#dispatch();
  }

  /** From here on it is the sandbox that is waited for. */
  #awaitAnswer(): void {
    const { headersTimeout, stallTimeoutMs } = this.#context;
    if (this.#answered) return;
    allowStall(this.#proxied.request, headersTimeout === 0 ? 0 : Math.max(headersTimeout, stallTimeoutMs));
  }

  #dispatch(): void {
    const { request, id, target, token, upgrade } = this.#proxied;
    const { options, headersTimeout } = this.#context;
    const { trustProxy, cookies, stripPrefix = false } = options;
    const prefix = stripPrefix ? `/user/${id}` : undefined;
    const headers = requestHeaders(request, { trustProxy, token, cookies: cookies.names(id), prefix });
    const outgoing = {
      path: stripPrefix ? withoutPrefix(id, target) : target,
      method: request.method ?? 'GET',
      headers: this.#page?.fitRequest(headers) ?? headers,
      body: this.#body ?? null,
      headersTimeout: upgrade === undefined ? headersTimeout : UPGRADE_TIMEOUT_MS,
      ...(upgrade === undefined ? {} : { upgrade: upgrade.protocol }),
    };
    this.#connection =
      this.#expectation === undefined
        ? this.#upstream.acquire(this.#retried ? 'fresh' : this.#isRepeatable ? 'any' : 'recent')
        : this.#upstream.acquireExpecting();
    this.#connection.dispatch(outgoing, this);
  }

  /** The connection is there, and the request about to be written. The sandbox's first one ends its lease. */
  onRequestStart(): void {
    this.#expectation?.begin();
    if (this.#upstream.hasBegun) return;
    this.#upstream.hasBegun = true;
    this.#context.options.used(this.#proxied.id);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason?: string,
  ): void {
    if (this.#over) return;
    this.#answered = true;
    const { request, response, id } = this.#proxied;
    const { options, tally } = this.#context;
    const rules = responseRules(this.#proxied, this.#upstream, this.#context);
    const headers = responseHeaders(decodeRawHeaders(controller.rawHeaders), status, rules);
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM)
        controller.abort(new Error('the sandbox sends interim responses only'));
      else if (status === 100) this.#expectation?.meet();
      else if (request.httpVersion !== '1.0') writeInterim(response, status, headers);
      return;
    }
    if (this.#page?.wantsWhole(status, headers) === true) {
      this.#asksAgain = true;
      controller.abort(new Error('the whole page is wanted'));
      return;
    }
    allowStall(request, this.#context.stallTimeoutMs);
    this.#expectation?.end();
    countAnswer(tally, status);
    const notice = options.notice?.(id);
    if (notice !== undefined) headers.push(...notice);
    writeHead(response, status, reason, this.#page?.fitResponse(headers, status) ?? headers);
    if (status < 400) this.#use.mark();
    if (NO_CONTENT.has(status)) {
      // The message ends with its head, whatever `Content-Length` says (RFC 9112 §6.3): undici would wait for a body.
      this.#over = true;
      this.#endedAtHead = true;
      response.end();
      this.#body?.destroy();
      if (status === 205) controller.abort(new Error('a 205 has no content'));
      return;
    }
    // Most bodies come along with the headers and share their packet; headers that come alone must not wait.
    queueMicrotask(() => {
      if (!this.#wrote && !this.#over) response.flushHeaders();
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    const { response } = this.#proxied;
    this.#wrote = true;
    this.#context.tally.bytesToReader += chunk.length;
    if (response.statusCode < 400) this.#use.mark();
    if (response.write(chunk) || this.#paused) return;
    this.#paused = true;
    this.#connection?.pause();
    response.once('drain', () => {
      this.#paused = false;
      if (!this.#over) this.#connection?.resume();
    });
  }

  onResponseEnd(): void {
    if (this.#over && !this.#endedAtHead) return;
    if (this.#connection !== undefined) this.#upstream.release(this.#connection);
    if (this.#over) return;
    const { response } = this.#proxied;
    this.#over = true;
    if (response.statusCode < 400) this.#use.mark();
    response.end(this.#page?.bytes);
    this.#body?.destroy();
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    const { upgrade, id } = this.#proxied;
    if (this.#over || upgrade === undefined || status !== 101) {
      socket.destroy();
      this.onResponseError(controller, new Error(`the sandbox changed protocols with status ${status}`));
      return;
    }
    this.#over = true;
    this.#context.options.used(id);
    upgrade.agreed(socket, decodeRawHeaders(controller.rawHeaders));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#over) return;
    const { request, response, id } = this.#proxied;
    const { options, tally } = this.#context;
    if (this.#asksAgain) {
      this.#asksAgain = false;
      this.#answered = false;
      this.#connection?.destroy();
      this.#dispatch();
      return;
    }
    const code = errorCode(error);
    const mayRetry = isConnectionLoss(code) && this.#mayRetry();
    this.#connection?.destroy();
    if (response.headersSent) {
      this.#over = true;
      tally.errors.truncated += 1;
      breakOff(request, response);
      return;
    }
    const found = options.lookup(id);
    if (mayRetry && typeof found === 'object') {
      this.#retried = true;
      const body = this.#body?.move();
      if (body !== undefined) this.#useBody(body);
      this.#dispatch();
      return;
    }
    this.#over = true;
    if (typeof found === 'string') {
      this.#refuse({ status: found === 'gone' ? 404 : 503, reason: found, id });
      return;
    }
    const { hint, ...refusal } = describeFailure(code);
    if (hint) options.failed(id);
    this.#refuse({ ...refusal, id });
  }

  get #isRepeatable(): boolean {
    return this.#body === undefined && REPEATABLE.has(this.#proxied.request.method ?? '');
  }

  /** Nothing is sent twice, but what is harmless to repeat and met a kept-alive connection that was being closed. */
  #mayRetry(): boolean {
    const connection = this.#connection;
    if (connection === undefined || this.#retried || this.#answered) return false;
    if (!connection.hasWritten) return this.#body?.readableDidRead !== true;
    return this.#isRepeatable && connection.wasClosedUnanswered;
  }

  #refuse(refusal: Refusal): void {
    const { request, response } = this.#proxied;
    this.#context.tally.errors[refusal.reason] += 1;
    countAnswer(this.#context.tally, refusal.status);
    this.#context.options.refuse(request, response, refusal);
    this.#body?.destroy();
  }

  /** The reader has gone, or stopped midway in what they were sending. */
  #abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.destroy();
    this.#body?.destroy();
  }
}
