// What our own answers say of the time they took (https://www.w3.org/TR/server-timing/): `Server-Timing: front;dur=0.3`. With it
// `tmpfleet load`, and a browser's developer tools, tell the server's part of a wait from that of the network.
//
// Never on what a sandbox answers: that is the sandbox's own. `Timing-Allow-Origin` is not sent, so no page of another origin can
// read the times of a reader's requests, wherever they are allowed to send them.
import { type IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';

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

  get part(): TimedPart {
    return '';
  }
}

/** Says how long a step of the answer took. */
export function noteStep(response: ServerResponse, step: TimedStep, ms: number): void {
  if (response instanceof TimedResponse) response.steps += `, ${step};dur=${inTenths(ms)}`;
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
