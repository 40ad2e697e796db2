// Limits the time until the head of a response, with one timer for all requests of a connection: to make one for each would cost more
// than to move it.

export class HeadTimer {
  readonly #onTimeout: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ms = 0;

  /** @param onTimeout is also called when the head came in time, and must look */
  constructor(onTimeout: () => void) {
    this.#onTimeout = onTimeout;
  }

  /** @param ms from now; 0 is no limit */
  start(ms: number): void {
    if (ms === this.#ms) {
      this.refresh();
      return;
    }
    this.stop();
    this.#ms = ms;
    if (ms === 0) return;
    this.#timer = setTimeout(this.#onTimeout, ms);
    this.#timer.unref();
  }

  /** The time begins again. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ms = 0;
  }
}
