// Readers who wait for a start, in the order they came.

interface Waiter<T> {
  readonly serve: (thing: T | undefined) => void;
}

export class WaitQueue<T> {
  readonly #waiters = new Set<Waiter<T>>();

  get length(): number {
    return this.#waiters.size;
  }

  /** Resolves with what `serve` gives; with undefined after `ms`, when `signal` aborts or when the queue is dismissed. */
  join(ms: number, signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const leave = (): void => waiter.serve(undefined);
      const timer = setTimeout(leave, ms);
      const waiter: Waiter<T> = {
        serve: (thing) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', leave);
          this.#waiters.delete(waiter);
          resolve(thing);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives the result of `take` to the reader who has waited longest; false, without calling `take`, when none waits. */
  serve(take: () => T): boolean {
    const first = this.#waiters.values().next();
    if (first.done === true) return false;
    // Removed from the queue before `take` is called, because `take` may use the queue again.
    this.#waiters.delete(first.value);
    first.value.serve(take());
    return true;
  }

  /** Ends every wait with undefined. */
  dismiss(): void {
    for (const waiter of this.#waiters) waiter.serve(undefined);
  }
}
