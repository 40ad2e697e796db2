// "Most look dead at once": then it is more likely us. Decides whose silence is not to be believed, and for how long.

/** So many poll intervals make "at once": the polls of a fleet are spread over one, and time out over another. */
const WINDOW_INTERVALS = 2;

/** For so long the last reports are believed; by then they tell nothing any more. ms */
export const BELIEVED_MS = 30_000;

/** Of fewer nodes, "most of them" is soon said. */
const FEWEST = 3;

/**
 * The rule: when, within two poll intervals, more than half of the nodes that answered (and three at least) fall
 * *silent* (time out, no route), none of them is set aside for 30 s. One that refuses, or talks nonsense, has
 * answered: our own network works, so it is never among them, and is set aside at once.
 */
export class Suspicion<T> {
  readonly #windowMs: number;
  /** Who fell silent, and when; oldest first. */
  #silent: { readonly who: T; readonly at: number }[] = [];
  #until = 0;

  /** @param pollInterval ms */
  constructor(pollInterval: number) {
    this.#windowMs = WINDOW_INTERVALS * pollInterval;
  }

  /** ms since 1970; in the past when we do not suspect ourselves. */
  get until(): number {
    return this.#until;
  }

  /**
   * One that answered has fallen silent.
   * @param answering how many still answer
   * @returns those whose silence is not to be believed until `until`
   */
  fellSilent(who: T, answering: number, now: number): readonly T[] {
    if (now < this.#until) return [who];
    this.#silent = this.#silent.filter(({ at }) => at > now - this.#windowMs);
    this.#silent.push({ who, at: now });
    const count = this.#silent.length;
    if (count < FEWEST || count <= answering) return [];
    this.#until = now + BELIEVED_MS;
    return this.#silent.splice(0).map((silent) => silent.who);
  }

  /** It answers after all, or has left. */
  answered(who: T): void {
    if (this.#silent.length > 0) this.#silent = this.#silent.filter((silent) => silent.who !== who);
  }
}
