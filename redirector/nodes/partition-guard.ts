// When most nodes become silent at once, the fault is more likely in our own network: decides whose silence to ignore.

/** "At once" is this many poll intervals: the polls of a fleet are spread over one, and time out over another. */
const WINDOW_INTERVALS = 2;

/** For this long the last reports still count; after that they say nothing any more. ms */
const TRUST_MS = 30_000;

/** With fewer silent nodes, "most of them" is no evidence. */
const MIN_SILENT = 3;

/**
 * The rule: when, within two poll intervals, more than half of the reachable nodes (and at least three) become
 * *silent* (timeout, no route), their last reports count for another 30 s. A node that refuses the connection or sends
 * nonsense has answered, so our own network works: it is never among them, and is set aside at once.
 */
export class PartitionGuard<T> {
  readonly #windowMs: number;
  /** Nodes that became silent, and when; oldest first. */
  #silent: { readonly node: T; readonly at: number }[] = [];
  #until = 0;

  /** @param pollIntervalMs ms */
  constructor(pollIntervalMs: number) {
    this.#windowMs = WINDOW_INTERVALS * pollIntervalMs;
  }

  /** Until when the silence is ignored, ms since 1970; in the past when it is not. */
  get until(): number {
    return this.#until;
  }

  /**
   * A reachable node has become silent.
   * @param reachable how many nodes are still reachable
   * @returns the nodes whose silence is ignored until `until`
   */
  becameSilent(node: T, reachable: number, now: number): readonly T[] {
    if (now < this.#until) return [node];
    this.#silent = this.#silent.filter(({ at }) => at > now - this.#windowMs);
    this.#silent.push({ node, at: now });
    const count = this.#silent.length;
    if (count < MIN_SILENT || count <= reachable) return [];
    this.#until = now + TRUST_MS;
    return this.#silent.splice(0).map((silent) => silent.node);
  }

  /** The node is reachable again, or has left the fleet. */
  forget(node: T): void {
    if (this.#silent.length > 0) this.#silent = this.#silent.filter((silent) => silent.node !== node);
  }
}
