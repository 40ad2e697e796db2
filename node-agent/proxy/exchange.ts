// One request and its response, streamed between reader and sandbox with back-pressure both ways.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Dispatcher } from 'undici';
import { errorCode } from '../../shared/errors.ts';
import { describeFailure, isStale } from './failure.ts';
import { decodeRawHeaders, type FixedHeaders, requestHeaders, responseHeaders } from './headers.ts';
import { askForWholePage, isPageView, makeRoom } from './html-banner.ts';
import { RequestBody } from './request-body.ts';
import { countAnswer, type ProxyOptions, type Refusal, type Tally } from './types.ts';
import type { Link, Upstream } from './upstream.ts';

export interface Errand {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly id: string;
  /** The request target for the sandbox. */
  readonly target: string;
  readonly token: string | undefined;
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
export interface Household {
  readonly options: ProxyOptions;
  readonly fixed: FixedHeaders;
  readonly tally: Tally;
  readonly headersTimeout: number;
}

/** A handshake is short; a reader whose socket is not yet read from could not be seen to leave. */
const UPGRADE_TIMEOUT_MS = 60_000;
/** Each of them would give the sandbox its whole time again. */
const MOST_INTERIM = 16;
const ILLEGAL_REASON = /[^\t\x20-\x7e\x80-\xff]/;

/** Carries out one errand. Never throws: whatever goes wrong is the reader's answer. */
export function carry(errand: Errand, upstream: Upstream, household: Household): void {
  const exchange = new Exchange(errand, upstream, household);
  // A pipelined request has no socket until those before it are answered; only then it is its turn, so that one
  // connection cannot have more than one request under way, nor fill our memory with answers.
  if (errand.response.socket === null) errand.response.once('socket', () => exchange.start());
  else exchange.start();
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #errand: Errand;
  readonly #upstream: Upstream;
  readonly #household: Household;
  readonly #body: RequestBody | undefined;
  #link: Link | undefined;
  #retried = false;
  #answered = false;
  #interim = 0;
  #wrote = false;
  #held = false;
  #over = false;
  /** What follows the page's own end. */
  #tail: Buffer | undefined;

  constructor(errand: Errand, upstream: Upstream, household: Household) {
    this.#errand = errand;
    this.#upstream = upstream;
    this.#household = household;
    if (errand.hasBody) {
      this.#body = new RequestBody(errand.request, (bytes) => {
        household.tally.bytesToSandbox += bytes;
      });
      this.#body.on('error', () => this.#abandon());
    }
  }

  start(): void {
    this.#errand.response.once('close', () => this.#abandon());
    this.#dispatch();
  }

  #dispatch(): void {
    const { request, target, token, upgrade } = this.#errand;
    const { options, headersTimeout } = this.#household;
    const headers = requestHeaders(request, { ...options, token });
    this.#link = this.#upstream.take(this.#retried);
    this.#link.client.dispatch(
      {
        path: target,
        method: request.method ?? 'GET',
        headers: this.#banner() === undefined ? headers : askForWholePage(headers),
        body: this.#body ?? null,
        headersTimeout: upgrade === undefined ? headersTimeout : UPGRADE_TIMEOUT_MS,
        ...(upgrade === undefined ? {} : { upgrade: upgrade.protocol }),
      },
      this,
    );
  }

  /** undici tells a handler of the present kind from the old one by this method. */
  onRequestStart(): void {}

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason?: string,
  ): void {
    if (this.#over) return;
    this.#answered = true;
    // Interim answers are for whoever asked for them, and we pass no `Expect` on.
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) controller.abort(new Error('the sandbox never comes to its answer'));
      return;
    }
    const { response, id } = this.#errand;
    const { options, fixed, tally } = this.#household;
    countAnswer(tally, status);
    const rules = { ownCookiePrefix: options.ownCookiePrefix, base: `/user/${id}/`, fixed };
    const headers = responseHeaders(decodeRawHeaders(controller.rawHeaders), status, rules);
    const notice = options.notice?.(id);
    if (notice !== undefined) headers.push(...notice.header);
    writeHead(response, status, reason, this.#withTail(headers, status));
    if (status < 400) options.used(id);
    // Most bodies come along with the headers and share their packet; headers that come alone must not wait.
    queueMicrotask(() => {
      if (!this.#wrote && !this.#over) response.flushHeaders();
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    const { response } = this.#errand;
    this.#wrote = true;
    this.#household.tally.bytesToReader += chunk.length;
    if (response.write(chunk) || this.#held) return;
    this.#held = true;
    this.#link?.hold();
    response.once('drain', () => {
      this.#held = false;
      if (!this.#over) this.#link?.release();
    });
  }

  onResponseEnd(): void {
    if (this.#over) return;
    const { response, id } = this.#errand;
    this.#over = true;
    if (this.#link !== undefined) this.#upstream.give(this.#link);
    if (response.statusCode < 400) this.#household.options.used(id);
    response.end(this.#tail);
    this.#body?.destroy();
  }

  #banner(): string | undefined {
    const { request, id, upgrade } = this.#errand;
    if (upgrade !== undefined || !isPageView(request)) return undefined;
    return this.#household.options.notice?.(id)?.banner;
  }

  /** The headers, made to fit what we put at the page's end; as they are where nothing is put. */
  #withTail(headers: string[], status: number): string[] {
    const banner = this.#banner();
    if (banner === undefined) return headers;
    const tail = Buffer.from(banner);
    const roomy = makeRoom(headers, status, tail.length);
    if (roomy === undefined) return headers;
    this.#tail = tail;
    return roomy;
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    socket: Duplex,
  ): void {
    const { upgrade, id } = this.#errand;
    if (this.#over || upgrade === undefined || status !== 101) {
      socket.destroy();
      this.onResponseError(controller, new Error(`the sandbox changed protocols with status ${status}`));
      return;
    }
    this.#over = true;
    this.#household.options.used(id);
    upgrade.agreed(socket, decodeRawHeaders(controller.rawHeaders));
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#over) return;
    const { request, response, id } = this.#errand;
    const { options, tally } = this.#household;
    this.#link?.destroy();
    if (response.headersSent) {
      this.#over = true;
      tally.errors.truncated += 1;
      breakOff(request, response);
      return;
    }
    const repeatable = (request.method === 'GET' || request.method === 'HEAD') && this.#body === undefined;
    if (isStale(errorCode(error)) && repeatable && !this.#answered && !this.#retried) {
      this.#retried = true;
      this.#dispatch();
      return;
    }
    this.#over = true;
    const { hint, ...refusal } = describeFailure(errorCode(error));
    if (hint) options.failed(id);
    this.#refuse({ ...refusal, id });
  }

  #refuse(refusal: Refusal): void {
    const { request, response } = this.#errand;
    this.#household.tally.errors[refusal.reason] += 1;
    countAnswer(this.#household.tally, refusal.status);
    this.#household.options.refuse(request, response, refusal);
    this.#body?.destroy();
  }

  /** The reader has gone, or stopped midway in what they were sending. */
  #abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#link?.destroy();
    this.#body?.destroy();
  }
}

/** Node's `writeHead` keeps only the last of each name once a header was set one by one, as for CORS ahead of us. */
function writeHead(
  response: ServerResponse,
  status: number,
  reason: string | undefined,
  flat: string[],
): void {
  const phrase = reason === undefined || reason === '' || ILLEGAL_REASON.test(reason) ? undefined : reason;
  if (response.getHeaderNames().length === 0) {
    if (phrase === undefined) response.writeHead(status, flat);
    else response.writeHead(status, phrase, flat);
    return;
  }
  const values = new Map<string, string[]>();
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index]?.toLowerCase() ?? '';
    const sofar = values.get(name);
    if (sofar === undefined) values.set(name, [flat[index + 1] ?? '']);
    else sofar.push(flat[index + 1] ?? '');
  }
  for (const [name, all] of values) response.setHeader(name, all.length === 1 ? (all[0] ?? '') : all);
  if (phrase === undefined) response.writeHead(status);
  else response.writeHead(status, phrase);
}

/** The reader must see that something is missing. Where only the closing marks the end, it has to be a reset. */
function breakOff(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const endsByClosing = request.httpVersion === '1.0' && !response.hasHeader('content-length');
  if (endsByClosing && socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  response.destroy();
}
