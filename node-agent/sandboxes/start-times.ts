// When the phases of a sandbox's start were over, and how they become steps of a trace (--otlp). Kept with a sandbox until it is claimed:
// most start before there is a click.
import type { Span, SpanPoint, Trace } from '../../shared/tracing/tracer.ts';

/** `create` and `start` are the engine's, after what it prepares; `probe` ends with the first answer, `prime` with a kernel. */
export type StartPhase = 'prepare' | 'create' | 'start' | 'probe' | 'prime';

export class StartTimes {
  readonly #beganAt: number;
  readonly #now: () => number;
  readonly #ends: { readonly phase: StartPhase; readonly at: number }[] = [];

  /** @param now ms of the monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
    this.#beganAt = now();
  }

  /** The phase is over, and the next one begins. */
  readonly mark = (phase: StartPhase): void => {
    this.#ends.push({ phase, at: this.#now() });
  };

  /** Adds the start below the step of a reader who waits for it. */
  addBelow(waiting: Span): void {
    this.#fill(waiting.step('start sandbox', { startedAt: this.#beganAt }));
  }

  /** Adds the start as a trace of its own. @param error why it failed, if it did */
  addTo(trace: Trace, error?: string): SpanPoint {
    const start = trace.first('start sandbox', { startedAt: this.#beganAt });
    if (error !== undefined) start.fail(error);
    this.#fill(start, error === undefined ? undefined : this.#now());
    return start;
  }

  #fill(start: Span, endedAt?: number): void {
    let from = this.#beganAt;
    for (const { phase, at } of this.#ends) {
      start.step(phase, { startedAt: from }).end(at);
      from = at;
    }
    start.end(endedAt ?? from);
  }
}
