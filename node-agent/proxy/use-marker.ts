// What of the traffic counts as use by the reader: all that succeeds, but for polls. A page that is left open asks for the
// same few addresses again and again, and must not keep its sandbox for ever. A page that the reader opens by their own hand is
// use as often as they do so: an app without a kernel may have nothing else.
import type { IncomingMessage } from 'node:http';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';

/** A GET of an address that was asked for this recently is a poll. JupyterLab polls every 10 s, other pages every minute. */
const POLL_WITHIN_MS = 90_000;
/** A poll is answered sooner; what takes longer is a transfer, and counts as use even if it was asked for before. */
const LONGEST_POLL_MS = 10_000;
/** More addresses than any page polls. */
const MAX_ADDRESSES = 64;
/** A longer address is not remembered, so that a reader cannot fill our memory with them. */
const LONGEST_ADDRESS = 256;
/** A time in ms, which pages append so that no cache answers. */
const TIME_STAMP = /\d{13}/g;
/** At most so often one transfer is counted as use, ms. */
const MARK_EVERY_MS = 500;

/** The addresses that were asked for of one sandbox. */
export class PollDetector {
  readonly #askedAt = new BoundedMap<string, number>(MAX_ADDRESSES);

  /**
   * Whether a request is one of a poll. To be asked once for each request.
   * @param target path and query for the sandbox
   * @param now a monotonic clock, ms
   */
  isPoll(request: PolledRequest, target: string, now: number): boolean {
    if (!isRepeatable(request) || isByHand(request) || target.length > LONGEST_ADDRESS) return false;
    const address = target.replace(TIME_STAMP, '');
    const before = this.#askedAt.get(address);
    this.#askedAt.set(address, now);
    return before !== undefined && now - before < POLL_WITHIN_MS;
  }
}

type PolledRequest = Pick<IncomingMessage, 'method' | 'headers'>;

function isRepeatable({ method }: PolledRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

/**
 * Whether the reader has clicked a link, or reloaded the page. Only the browser sets the header, over https and at localhost; a
 * page that loads itself again has none (https://www.w3.org/TR/fetch-metadata/#sec-fetch-user-header).
 */
function isByHand({ headers }: PolledRequest): boolean {
  return headers['sec-fetch-user'] === '?1';
}

/**
 * A WebSocket on which Jupyter Server repeats what was asked for over HTTP, which has been judged there: JupyterLab has one open
 * all the time, and each of its own polls of a directory comes back on it.
 */
export function isEventFeed(target: string): boolean {
  return /^[^?]*\/api\/events\/subscribe(?:\?|$)/.test(target);
}

/** Of one request. */
export class UseMarker {
  readonly #used: () => void;
  readonly #now: () => number;
  /** Before this time, what passes is not use. */
  #countsFrom = Number.NEGATIVE_INFINITY;
  #usedAt = Number.NEGATIVE_INFINITY;

  /** @param now a monotonic clock, ms */
  constructor(used: () => void, now: () => number) {
    this.#used = used;
    this.#now = now;
  }

  /** The request is one of a poll, so it is not use while it is as short as polls are. */
  ignoreAsPoll(): void {
    this.#countsFrom = this.#now() + LONGEST_POLL_MS;
  }

  /** Bytes under way are use. To be called for each chunk; passed on only now and then. */
  mark(): void {
    const now = this.#now();
    if (now < this.#countsFrom || now - this.#usedAt < MARK_EVERY_MS) return;
    this.#usedAt = now;
    this.#used();
  }
}
