// What the node says to the companion in a reader's tab. Times are in ms from now, because the reader's clock may be wrong.
import type { EndReason } from '../../shared/protocol/sandbox-state.ts';

/** Whatever the reader does, the sandbox ends then. */
export interface DeadlineJson {
  readonly left_ms: number;
  /** `drain`: its host is retired. `age`: a sandbox may live only for a limited time. */
  readonly why: 'drain' | 'age';
}

/** Unless the reader uses it before, the sandbox ends then. */
export interface IdleJson {
  readonly left_ms: number;
  /** From a use to the end. */
  readonly limit_ms: number;
  /** How long before the end the reader is warned. */
  readonly warn_ms: number;
}

/** The event `state`, and the answer of `state` and `stay`. */
export interface StateJson {
  /** Null: none. */
  readonly deadline: DeadlineJson | null;
  /** Null: it is not ended for lack of use. */
  readonly idle: IdleJson | null;
}

/** The first event, and the answers to requests, say more. */
export interface OpeningJson extends StateJson {
  /** Where new notebooks are opened: an origin, or empty for this one. */
  readonly home: string;
  /** Whether the page is asked how long it took from the click until it was there. */
  readonly asks_times: boolean;
}

/** The event `ended`, the last one. */
export interface EndedJson {
  readonly reason: EndReason;
}

/** A request for what has ended is answered with this header: the reason. */
export const ENDED_HEADER = 'tmpfleet-ended';
