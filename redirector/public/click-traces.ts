// What a front says of a click in its trace (--otlp): when it came, how the node was chosen, and where it went. Clicks only, and each
// answer that leads on; a reader in line who asks again and again is in it once, when they are let in.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Place } from '../../shared/line/place.ts';
import type { LineEnd } from '../../shared/line/waiters.ts';
import { loggablePath } from '../../shared/logging.ts';
import { nonceOfTicket, type Ticket } from '../../shared/protocol/ticket.ts';
import { tookMs } from '../../shared/reader-times/server-timing.ts';
import type { Span, Trace, Tracer } from '../../shared/tracing/tracer.ts';
import type { Sent } from '../placement/dispatcher.ts';

export interface TracedClick {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The ticket of a reader that a node sent back. */
  readonly bounce: Ticket | undefined;
  readonly returning: boolean;
  readonly place?: Place | undefined;
  /** When the choice of a node began, ms of the monotonic clock; undefined where there was none. */
  readonly choosingAt?: number | undefined;
}

export class ClickTraces {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, 'monotonic'>;

  constructor(tracer: Tracer, clock: Pick<Clock, 'monotonic'>) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  /** To be called before the answer is sent: from then on, the click is the node's. */
  answered(click: TracedClick, end: LineEnd<Sent> | RefusalReason | 'too-many-places'): void {
    const isSent = typeof end === 'object' && 'view' in end;
    const { place, bounce } = click;
    if (place !== undefined && !isSent) return;
    const nonce = nonceOf(end) ?? place?.text ?? bounce?.nonce;
    const trace = nonce === undefined ? this.#tracer.newTrace() : this.#tracer.traceOf(nonce);
    if (trace === undefined) return;
    const now = this.#clock.monotonic();
    const { request, response, returning, choosingAt } = click;
    // A reader whom every node sent back gets a place in line, under a name of its own.
    const isFirst = place === undefined && nonce !== bounce?.nonce;
    const startedAt = now - tookMs(response);
    const attributes = {
      'http.request.method': request.method ?? 'GET',
      'url.path': loggablePath(request.url ?? '/'),
      'tmpfleet.outcome': outcomeOf(end, returning),
      ...(isSent ? { 'tmpfleet.node': end.view.member.id } : {}),
      ...(bounce === undefined ? {} : { 'tmpfleet.bounced_by': bounce.node, 'tmpfleet.hops': bounce.hops }),
    };
    const about = { kind: 'server', startedAt, attributes } as const;
    const redirect =
      isFirst || nonce === undefined ? trace.first('redirect', about) : trace.step('redirect', about);
    if (isFirst && bounce !== undefined) redirect.link(this.#tracer.firstOf(bounce.nonce));
    if (place !== undefined) traceLine(trace, redirect, place, now);
    else if (choosingAt !== undefined) redirect.step('choose', { startedAt: choosingAt }).end(now);
    if (typeof end === 'string') redirect.fail(end);
    redirect.end(now);
  }
}

function nonceOf(end: LineEnd<Sent> | RefusalReason | 'too-many-places'): string | undefined {
  if (typeof end === 'string') return undefined;
  if (!('view' in end)) return end.place.text;
  return end.ticket === undefined ? undefined : nonceOfTicket(end.ticket);
}

function outcomeOf(end: LineEnd<Sent> | RefusalReason | 'too-many-places', returning: boolean): string {
  if (typeof end === 'string') return end;
  if (!('view' in end)) return 'waiting';
  return returning ? 'returned' : 'sent';
}

/** The whole time in line, which began at this front or at another one. */
function traceLine(trace: Trace, redirect: Span, { arrivedAt }: Place, now: number): void {
  redirect.step('line', { startedAt: Math.min(now, trace.fromWall(arrivedAt)) }).end(now);
}
