// What our own answers say of the time they took (https://www.w3.org/TR/server-timing/): `Server-Timing: front;dur=0.3`. With it
// `tmpfleet load`, and a browser's developer tools, tell the server's part of a wait from that of the network.
//
// Never on what a sandbox answers: that is the sandbox's own. `Timing-Allow-Origin` is not sent, so no page of another origin can
// read the times of a reader's requests, wherever they are allowed to send them.
import { type IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';
import type { Span } from '../tracing/tracer.ts';

/** The part of the fleet that answers; empty where times are not for readers, as at control listeners. */
export type TimedPart = 'front' | 'node' | '';

/** A step of an answer: the claim of a sandbox, and of it the wait for a start. */
export type TimedStep = 'claim' | 'start';

/** A response that knows when its request came, and whose answer it is. */
export class TimedResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** ms of the monotonic clock */
  readonly beganAt = systemClock.monotonic();
  /** As in the header, each after a comma. */
  steps = '';
  /** Set while the answer is traced (--otlp); not there otherwise. */
  declare span?: Span;

  get part(): TimedPart {
    return '';
  }
}

/** Says how long a step of the answer took. */
export function noteStep(response: ServerResponse, step: TimedStep, ms: number): void {
  if (response instanceof TimedResponse) response.steps += `, ${step};dur=${inTenths(ms)}`;
}

/** Of what a node says. */
const NODE_TIMES = /(?:^|,)\s*(node|claim|start);dur=(\d{1,7}(?:\.\d)?)(?=\s*(?:,|$))/g;

/** Passes on what a node's answer says that it took, and nothing else that may be in its header. */
export function noteNodeTimes(
  response: ServerResponse,
  header: string | readonly string[] | undefined,
): void {
  if (!(response instanceof TimedResponse)) return;
  for (const [, name, ms] of String(header ?? '').matchAll(NODE_TIMES))
    response.steps += `, ${name};dur=${ms}`;
}

/** The step of a trace that the answer is; undefined where it is not traced. */
export function spanOf(response: ServerResponse): Span | undefined {
  return response instanceof TimedResponse ? response.span : undefined;
}

/** Makes the steps of this answer part of a trace. */
export function traceResponse(response: ServerResponse, span: Span): void {
  if (response instanceof TimedResponse) response.span = span;
}

/** ms since the request came; 0 for a response that does not know. */
export function tookMs(response: ServerResponse): number {
  return response instanceof TimedResponse ? systemClock.monotonic() - response.beganAt : 0;
}

/** The header's value for an answer that is sent now; undefined where it says nothing. */
export function serverTimingOf(response: ServerResponse): string | undefined {
  if (!(response instanceof TimedResponse) || response.part === '') return undefined;
  return `${response.part};dur=${inTenths(tookMs(response))}${response.steps}`;
}

/** The same as headers for `writeHead`. */
export function serverTimingHeaders(response: ServerResponse): Readonly<Record<string, string>> {
  const timing = serverTimingOf(response);
  return timing === undefined ? {} : { 'server-timing': timing };
}

/** No finer than this: a tenth of a millisecond is what a reader can do nothing with. */
function inTenths(ms: number): number {
  return Math.round(Math.max(0, ms) * 10) / 10;
}
