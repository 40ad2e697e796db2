// Whose files are sent now, and who waits: so many at a time, of one client no more than half of them. A reader may take their download
// as slowly as they like, and a client may have many sandboxes: without the second bound, one of them could keep all others waiting.
import pLimit from 'p-limit';
import { FleetError } from '../../shared/errors.ts';

type Limit = ReturnType<typeof pLimit>;

/** Those of a node whose readers are all told of its end. */
const MAX_WAITING = 256;
const RETRY_MS = 10_000;

export class Turns {
  readonly #concurrent: number;
  readonly #all: Limit;
  /** Of each client that asks now. */
  readonly #clients = new Map<string, { readonly limit: Limit; asking: number }>();
  /** Sandboxes that are being saved, or wait for it. */
  readonly #under = new Set<string>();

  /** @param concurrent 1 or more */
  constructor(concurrent: number) {
    this.#concurrent = concurrent;
    this.#all = pLimit(concurrent);
  }

  /**
   * Runs when it is this sandbox's turn.
   * @param client as `createClientAddress` names it; undefined for one who is not bounded, such as an operator
   * @throws FleetError `unavailable` where the sandbox has a turn already, or too many wait
   */
  async take<T>(id: string, client: string | undefined, run: () => Promise<T>): Promise<T> {
    if (this.#under.has(id) || this.#under.size >= this.#concurrent + MAX_WAITING) {
      const what = this.#under.has(id) ? 'these files are' : 'too much is';
      throw new FleetError('unavailable', `${what} being saved already`, { retryAfterMs: RETRY_MS });
    }
    this.#under.add(id);
    try {
      return await this.#ofClient(client, () => this.#all(run));
    } finally {
      this.#under.delete(id);
    }
  }

  async #ofClient<T>(client: string | undefined, run: () => Promise<T>): Promise<T> {
    if (client === undefined) return run();
    const own = this.#clients.get(client) ?? {
      limit: pLimit(Math.max(1, Math.floor(this.#concurrent / 2))),
      asking: 0,
    };
    this.#clients.set(client, own);
    own.asking += 1;
    try {
      return await own.limit(run);
    } finally {
      own.asking -= 1;
      if (own.asking === 0) this.#clients.delete(client);
    }
  }
}
