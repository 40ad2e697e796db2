// Tells a program that polls from a reader who works: a page that is left open asks for the same few addresses again and
// again, and must not keep its sandbox for ever.
import { BoundedMap } from '../../shared/collections/bounded-map.ts';

/** A GET of an address that was asked for this recently is a poll. JupyterLab polls every 10 s, other pages every minute. */
const POLL_WITHIN_MS = 90_000;
/** More addresses than any page polls. */
const MAX_ADDRESSES = 64;
/** A longer address is not remembered, so that a reader cannot fill our memory with them. */
const LONGEST_ADDRESS = 256;
/** A time in ms, which pages append so that no cache answers. */
const TIME_STAMP = /\d{13}/g;

/** The addresses that were asked for of one sandbox. */
export class PollDetector {
  readonly #askedAt = new BoundedMap<string, number>(MAX_ADDRESSES);

  /**
   * Whether a request is one of a poll. To be asked once for each request.
   * @param target path and query
   * @param now a monotonic clock, ms
   */
  isPoll(method: string, target: string, now: number): boolean {
    if ((method !== 'GET' && method !== 'HEAD') || target.length > LONGEST_ADDRESS) return false;
    const address = target.replace(TIME_STAMP, '');
    const before = this.#askedAt.get(address);
    this.#askedAt.set(address, now);
    return before !== undefined && now - before < POLL_WITHIN_MS;
  }
}
