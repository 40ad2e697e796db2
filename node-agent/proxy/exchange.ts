// One request and its response, streamed between reader and sandbox with back-pressure both ways.
import { errorCode } from '../../shared/errors.ts';
import { allowStall } from '../../shared/sockets/stall.ts';
import { writeInterim } from './answer/response-head.ts';
import { responseRules } from './answer/response-rules.ts';
import { Expectation } from './expectation.ts';
import { breakOff, describeFailure, isConnectionLoss } from './failure.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import { TailedPage } from './page-tail.ts';
import { withoutPrefix } from './path.ts';
import { Reply } from './reply.ts';
import { countAnswer, type ProxyContext, type ProxyRequest, type Refusal } from './types.ts';
import type { Connection } from './upstream/connection.ts';
import { malformed, type UpstreamError } from './upstream/errors.ts';
import type { ResponseHandler, SandboxTunnel } from './upstream/handler.ts';
import type { ResponseHead } from './upstream/head.ts';
import { RequestBody } from './upstream/request-body.ts';
import { UseMarker } from './use-marker.ts';

/** A handshake is short; a reader whose socket is not yet read from could not be seen to leave. */
const UPGRADE_TIMEOUT_MS = 60_000;
/** They ask for nothing to be changed. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Each of them would give the sandbox its whole time again. */
const MAX_INTERIM = 16;

/** Sends one request to its sandbox and the response back. Never throws: every failure becomes the reader's response. */
export function proxyRequest(proxied: ProxyRequest, context: ProxyContext): void {
  const exchange = new Exchange(proxied, context);
  // A pipelined request has no socket until those before it are answered; only then it is its turn, so that one
  // connection cannot have more than one request under way, nor fill our memory with answers.
  if (proxied.response.socket === null) proxied.response.once('socket', () => exchange.start());
  else exchange.start();
}

class Exchange implements ResponseHandler {
  readonly #proxied: ProxyRequest;
  readonly #context: ProxyContext;
  readonly #reply: Reply;
  readonly #body: RequestBody | undefined;
  #connection: Connection | undefined;
  #retried = false;
  #answered = false;
  #interim = 0;
  readonly #expectation: Expectation | undefined;
  #over = false;
  readonly #use: UseMarker;
  readonly #page: TailedPage | undefined;

  constructor(proxied: ProxyRequest, context: ProxyContext) {
    this.#proxied = proxied;
    this.#context = context;
    this.#reply = new Reply(proxied.response);
    const { options } = context;
    this.#use = new UseMarker(() => options.used(proxied.id), context.now);
    if (proxied.upgrade === undefined) {
      this.#page = TailedPage.for(proxied.request, () => options.pageTail?.(proxied.id));
    }
    if (!proxied.hasBody) return;
    this.#expectation = Expectation.of(proxied.request, proxied.response, options.expectTimeoutMs);
    this.#body = new RequestBody(proxied.request, (bytes) => {
      context.tally.bytesToSandbox += bytes;
      this.#use.mark();
    });
  }

  start(): void {
    const { request, response, target } = this.#proxied;
    if (this.#proxied.hasBody) {
      allowStall(request, this.#context.stallTimeoutMs);
      request.once('end', () => this.#awaitAnswer());
      request.once('error', () => this.#abandon());
    } else this.#awaitAnswer();
    response.once('close', () => this.#abandon());
    this.#context.options.frozen?.wake(this.#proxied.id);
    const { polls } = this.#proxied.upstream;
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
      method: request.method ?? 'GET',
      target: stripPrefix ? withoutPrefix(id, target) : target,
      headers: this.#page?.fitRequest(headers) ?? headers,
      body: this.#body,
      isExpecting: this.#expectation !== undefined,
      upgrade: upgrade?.protocol,
      headersTimeout: upgrade === undefined ? headersTimeout : UPGRADE_TIMEOUT_MS,
    };
    const isFresh = this.#retried || this.#expectation !== undefined;
    this.#connection = this.#proxied.upstream.acquire(
      isFresh ? 'fresh' : this.#isRepeatable ? 'any' : 'recent',
    );
    try {
      this.#connection.send(outgoing, this, this.#isRepeatable);
    } catch (error) {
      this.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The connection is there, and the request about to be written. The sandbox's first one ends its lease. */
  onStart(): void {
    this.#expectation?.begin();
    const { upstream, id } = this.#proxied;
    if (upstream.hasBegun) return;
    upstream.hasBegun = true;
    this.#context.options.used(id);
  }

  onHead({ status, reason, rawHeaders }: ResponseHead): void {
    if (this.#over) return;
    this.#answered = true;
    const { request, response, id } = this.#proxied;
    const { options, tally } = this.#context;
    const rules = responseRules(this.#proxied, this.#context);
    const headers = responseHeaders(rawHeaders, status, rules);
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) this.#fail(malformed('nothing but interim responses'));
      else if (status === 100) this.#expectation?.meet();
      else if (request.httpVersion !== '1.0') writeInterim(response, status, headers);
      return;
    }
    if (this.#page?.wantsWhole(status, headers) === true) {
      // What goes behind the page needs the whole of it.
      this.#answered = false;
      this.#connection?.abandon();
      this.#dispatch();
      return;
    }
    allowStall(request, this.#context.stallTimeoutMs);
    this.#expectation?.end();
    countAnswer(tally, status);
    const notice = options.notice?.(id);
    if (notice !== undefined) headers.push(...notice);
    this.#reply.begin(status, reason, this.#page?.fitResponse(headers, status) ?? headers);
    if (status < 400) this.#use.mark();
    if (status !== 205) return;
    // By its meaning it has no body (RFC 9110 §15.3.6), and by its framing it may.
    this.#over = true;
    this.#reply.end(undefined);
    this.#connection?.abandon();
    this.#body?.discard();
  }

  onData(bytes: Buffer): void {
    if (this.#over || this.#connection === undefined) return;
    this.#context.tally.bytesToReader += bytes.length;
    if (this.#proxied.response.statusCode < 400) this.#use.mark();
    this.#reply.write(bytes, this.#connection);
  }

  onReadEnd(): void {
    if (!this.#over && this.#connection !== undefined) this.#reply.flush(this.#connection);
  }

  onEnd(): void {
    if (this.#connection !== undefined) this.#proxied.upstream.release(this.#connection);
    if (this.#over) return;
    this.#over = true;
    if (this.#proxied.response.statusCode < 400) this.#use.mark();
    this.#reply.end(this.#page?.bytes);
    this.#body?.discard();
  }

  onUpgrade({ rawHeaders }: ResponseHead, tunnel: SandboxTunnel): void {
    const { upgrade, id } = this.#proxied;
    if (this.#over || upgrade === undefined) {
      tunnel.socket.destroy();
      return;
    }
    this.#over = true;
    this.#context.options.used(id);
    upgrade.agreed(tunnel, rawHeaders);
  }

  onError(error: Error): void {
    if (this.#over) return;
    const { request, response, id } = this.#proxied;
    const { options, tally } = this.#context;
    const code = errorCode(error);
    const mayRetry = isConnectionLoss(code) && this.#mayRetry();
    this.#connection?.abandon();
    if (response.headersSent) {
      this.#over = true;
      tally.errors.truncated += 1;
      this.#reply.flushNow();
      breakOff(request, response);
      this.#body?.discard();
      return;
    }
    const found = options.lookup(id);
    if (mayRetry && typeof found === 'object') {
      this.#retried = true;
      this.#body?.detach();
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
    return !connection.hasWritten || (this.#isRepeatable && connection.wasClosedUnanswered);
  }

  #fail(error: UpstreamError): void {
    this.#connection?.abandon();
    this.onError(error);
  }

  #refuse(refusal: Refusal): void {
    const { request, response } = this.#proxied;
    this.#context.tally.errors[refusal.reason] += 1;
    countAnswer(this.#context.tally, refusal.status);
    this.#context.options.refuse(request, response, refusal);
    this.#body?.discard();
  }

  /** The reader has gone, or stopped midway in what they were sending. */
  #abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection?.abandon();
    this.#body?.discard();
  }
}
