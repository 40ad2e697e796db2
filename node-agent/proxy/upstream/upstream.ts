// Kept-alive connections to one sandbox, and which of them a request may use.
import type { Address } from '../../engine/engine.ts';
import { PollDetector } from '../use-marker.ts';
import { Connection } from './connection.ts';

/** Shorter than what servers keep, so that few requests meet a connection that is just being closed. */
const KEEP_ALIVE_MS = 15_000;
/** Servers that close idle connections at all keep them for 2 s or more, with few exceptions. */
const MAX_RECENT_MS = 1_000;
/** Closed within this time of a response, a connection was closed because of it, ms. */
const AT_ONCE_MS = 250;
/** A server that says for how long it keeps a connection may close it this much sooner, ms. */
const HINT_MARGIN_MS = 1_000;

/** `any` is for requests that may be repeated; `recent` is unlikely to be closed by the sandbox as we write; `fresh` is new. */
export type Freshness = 'any' | 'recent' | 'fresh';

/** The connections to one sandbox. */
export class Upstream {
  readonly address: Address;
  /** Whether a request has been written to this sandbox. */
  hasBegun = false;
  readonly polls = new PollDetector();
  readonly #now: () => number;
  readonly #keepAliveMs: number;
  readonly #connections = new Set<Connection>();
  /** The most recently used last. */
  readonly #idle: Connection[] = [];
  /** How long a connection may have been idle to count as recent, ms. */
  #recentMs = MAX_RECENT_MS;

  /**
   * @param now a monotonic clock, ms
   * @param keepAliveMs longest time that an idle connection is kept
   */
  constructor(address: Address, now: () => number, keepAliveMs = KEEP_ALIVE_MS) {
    this.address = address;
    this.#now = now;
    this.#keepAliveMs = keepAliveMs;
  }

  /** Whether a request is under way. */
  get isBusy(): boolean {
    return this.#connections.size > this.#idle.length;
  }

  /** For one request; the most recently used connection first. */
  acquire(freshness: Freshness): Connection {
    if (freshness !== 'fresh') {
      const now = this.#now();
      for (let idle = this.#idle.at(-1); idle !== undefined; idle = this.#idle.at(-1)) {
        if (freshness === 'recent' && now - idle.idleSince >= this.#recentMs) break;
        this.#idle.pop();
        if (idle.isOpen && now < idle.usableUntil) return idle;
        idle.destroy();
      }
    }
    const connection: Connection = new Connection(this.address, this.#keepAliveMs, () =>
      this.#drop(connection),
    );
    this.#connections.add(connection);
    return connection;
  }

  /** After a response that came to its proper end. */
  release(connection: Connection): void {
    const now = this.#now();
    connection.markIdle(now, now + connection.reusableMs - HINT_MARGIN_MS);
    if (connection.usableUntil <= now) connection.destroy();
    else if (this.#connections.has(connection)) this.#idle.push(connection);
  }

  /** Every request under way fails. */
  destroy(): void {
    for (const connection of [...this.#connections]) connection.destroy();
  }

  #drop(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    // A server that closes connections sooner than others do will do so again; perhaps after each response.
    if (!connection.wasClosedUnanswered) return;
    const idleMs = this.#now() - connection.idleSince;
    this.#recentMs = idleMs < AT_ONCE_MS ? 0 : Math.min(this.#recentMs, idleMs / 2);
  }
}
