// Bounds how many readers one client may have on their way: requests that never arrive must not close the fleet to others.
import { EPOCH_MS, YOUNG_EPOCHS } from '../nodes/pending.ts';

/** Readers are on their way for this long at most. */
const WINDOW_MS = YOUNG_EPOCHS * EPOCH_MS;

/** Most clients in the counts; in a window with more of them, the others are counted without a bound. */
const MAX_CLIENTS = 100_000;

export class ClientCounts {
  readonly #most: number;
  #window = 0;
  /** Readers counted as on their way in this window, by client. */
  #counts = new Map<string, number>();

  /** @param most for one client in `WINDOW_MS`; 0 for no bound */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Whether one more reader of this client counts as on their way. They are sent in any case.
   * @param client as `createClientAddress` names it @param now ms since 1970
   */
  add(client: string, now: number): boolean {
    if (this.#most === 0) return true;
    const window = Math.floor(now / WINDOW_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts = new Map();
    }
    const count = this.#counts.get(client);
    if (count === undefined) {
      if (this.#counts.size < MAX_CLIENTS) this.#counts.set(client, 1);
      return true;
    }
    if (count >= this.#most) return false;
    this.#counts.set(client, count + 1);
    return true;
  }
}
