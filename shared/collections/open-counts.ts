// Counts what each key has open now, up to a limit; a key with nothing open takes no memory.

export class OpenCounts {
  readonly #most: () => number;
  readonly #counts = new Map<string, number>();

  /** @param most highest count of one key; `Infinity` for no limit; a function where it may change */
  constructor(most: number | (() => number)) {
    this.#most = typeof most === 'number' ? () => most : most;
  }

  /** Number of keys that have something open. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Counts one more. @returns what takes it back, once; undefined when the key has its most already */
  open(key: string): (() => void) | undefined {
    const count = this.of(key);
    if (count >= this.#most()) return undefined;
    this.#counts.set(key, count + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = this.of(key) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }
}
