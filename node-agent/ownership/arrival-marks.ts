// Tells a browser that keeps no cookies in a frame from a stranger. A claim in a frame, by a browser that shows none of our
// cookies, is redirected to an address with a mark that is good once. Who arrives with the mark and without the key is the
// browser of that claim, and has not kept the cookie. The mark opens nothing.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { OneTimeCodes } from './one-time-codes.ts';
import { showsOwnCookie } from './owner-cookies.ts';

/** At the end of the query, so that what is before it stays as it is, byte for byte. */
const MARKED = /^(.*)[?&]tmpfleet-arrival=([0-9a-f]{32})$/s;

/** Longest time from our redirect to the next request of the same browser, ms. */
const LIFE_MS = 60_000;

/** What is shown in a frame, by its `Sec-Fetch-Dest`. */
const FRAMES: ReadonlySet<unknown> = new Set(['iframe', 'frame', 'fencedframe', 'embed', 'object']);

/** Whether a browser loads the request's answer into a frame. Over plain http browsers do not say. */
export function isFramed({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && FRAMES.has(headers['sec-fetch-dest']);
}

export class ArrivalMarks {
  readonly #codes: OneTimeCodes;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#codes = new OneTimeCodes(clock);
  }

  /**
   * The query of the address to which the claim of `sandbox` is redirected, with a mark where one is needed.
   * @param query without `?`
   */
  addTo(query: string, sandbox: Sandbox, request: IncomingMessage): string {
    if (sandbox.state !== 'claimed' || !isFramed(request) || showsOwnCookie(request.headers)) return query;
    const mark = `tmpfleet-arrival=${this.#codes.issue(sandbox, LIFE_MS)}`;
    return query === '' ? mark : `${query}&${mark}`;
  }

  /** True once for each mark, for the claim that it was made for. */
  redeem(sandbox: Sandbox, mark: string): boolean {
    return this.#codes.redeem(sandbox, mark);
  }

  /** A sandbox that has ended. */
  forget(id: string): void {
    this.#codes.forget(id);
  }
}

/** The address without its mark, byte for byte, and the mark; undefined for an address without one. */
export function splitMark(url: string): { readonly url: string; readonly mark: string } | undefined {
  const [, rest, mark] = MARKED.exec(url) ?? [];
  return rest === undefined || mark === undefined ? undefined : { url: rest, mark };
}
