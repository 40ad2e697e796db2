// What a node says of a click in its trace (--otlp): the claim, and the first page of the sandbox that came of it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { outcomeOfError } from '../../shared/arrivals-log.ts';
import type { Clock } from '../../shared/clock.ts';
import { wantsPage } from '../../shared/http/answer.ts';
import { loggablePath } from '../../shared/logging.ts';
import type { Ticket } from '../../shared/protocol/ticket.ts';
import { spanOf, tookMs, traceResponse } from '../../shared/reader-times/server-timing.ts';
import type { Span, Tracer } from '../../shared/tracing/tracer.ts';

/** Who opens the page later has had something else to do. */
const LATEST_PAGE_MS = 300_000;

interface AwaitedPage {
  readonly claim: Span;
  /** ms of the monotonic clock */
  readonly until: number;
}

export class ClickTraces {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #node: string;
  readonly #pages = new Map<string, AwaitedPage>();

  constructor(tracer: Tracer, clock: Pick<Clock, 'monotonic'>, node: string) {
    this.#tracer = tracer;
    this.#clock = clock;
    this.#node = node;
  }

  /** A request for a sandbox. The trace is that of its ticket, which a front has signed; without one, it begins here. */
  begin(name: 'claim' | 'spawn', response: ServerResponse, ticket: Ticket | undefined): void {
    // The front's own visits are few, and each is traced.
    const isCanary = ticket?.canary === true;
    const trace =
      ticket === undefined ? this.#tracer.newTrace() : this.#tracer.traceOf(ticket.nonce, isCanary);
    if (trace === undefined) return;
    const { method = 'GET', url = '/' } = response.req;
    const startedAt = this.#clock.monotonic() - tookMs(response);
    const attributes = {
      'http.request.method': method,
      'url.path': loggablePath(url),
      'tmpfleet.node': this.#node,
      ...(isCanary ? { 'tmpfleet.canary': true } : {}),
    };
    const about = { kind: 'server', startedAt, attributes } as const;
    const span = ticket === undefined ? trace.first(name, about) : trace.step(name, about);
    traceResponse(response, span);
  }

  /** The last outcome counts. A request without one was no click, and is in no trace. */
  outcome(response: ServerResponse, outcome: string): void {
    const span = spanOf(response);
    if (span === undefined) return;
    span.set({ 'tmpfleet.outcome': outcome });
    // Of a reader who has left already, nothing more comes.
    if (response.destroyed || response.writableFinished) span.end();
    else response.once('close', () => span.end());
  }

  failed(response: ServerResponse, error: unknown): void {
    const outcome = outcomeOfError(error);
    spanOf(response)?.fail(outcome);
    this.outcome(response, outcome);
  }

  /** A reader is being sent to this sandbox. */
  sent(id: string, response: ServerResponse): void {
    const claim = spanOf(response);
    if (claim === undefined || this.#pages.has(id)) return;
    this.#pages.set(id, { claim, until: this.#clock.monotonic() + LATEST_PAGE_MS });
  }

  /** A request is on its way to a sandbox. */
  readonly proxied = (id: string, request: IncomingMessage, response: ServerResponse): void => {
    const awaited = this.#pages.get(id);
    if (awaited === undefined || request.method !== 'GET' || !wantsPage(request)) return;
    this.#pages.delete(id);
    if (this.#clock.monotonic() > awaited.until) return;
    const attributes = { 'url.path': loggablePath(request.url ?? '/'), 'tmpfleet.node': this.#node };
    const page = awaited.claim.step('page', { kind: 'server', attributes });
    response.once('close', () => {
      const { statusCode, writableFinished } = response;
      page.set({ 'http.response.status_code': statusCode });
      if (!writableFinished) page.fail('the reader left, or the sandbox broke off');
      else if (statusCode >= 500) page.fail(`it answers ${statusCode}`);
      // A redirect of the sandbox leads to its page.
      else if (statusCode >= 300 && statusCode < 400) this.#pages.set(id, awaited);
      page.end();
    });
  };

  /** The sandbox has ended. */
  forget(id: string): void {
    this.#pages.delete(id);
  }
}
