// How long readers wait from their click until the page is there, as their browsers say it: a share of the sandboxes that readers
// get is asked for it, and each may answer once. So what one reader can add is bounded by the sandboxes that they get.
//
// A browser counts from the begin of the navigation, across all redirects (https://www.w3.org/TR/hr-time-3/#dfn-time-origin). What
// a reader saw before, the page of a start, was an answer of ours: that time is known here, and is added.
import { z } from 'zod';
import type { Clock, Random } from '../../shared/clock.ts';

/** What the companion sends. ms since the navigation began */
export const clickTimesBody = z.strictObject({
  /** When the page and what it loads at first were there. */
  page_ms: z.number().min(0),
  /** When this was sent. */
  age_ms: z.number().min(0),
});
export type ClickTimes = z.infer<typeof clickTimesBody>;

export const BEACON_OUTCOMES = ['taken', 'unasked', 'implausible', 'malformed'] as const;
export type BeaconOutcome = (typeof BEACON_OUTCOMES)[number];

export interface ClickTimesOptions {
  /** Of the sandboxes, 0 to 1. */
  readonly share: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Random;
  readonly observe: (seconds: number) => void;
}

/** Longest way to this node before the claim: a ticket's life, and twice as long as a front holds a reader. */
const LONGEST_WAY_MS = 60_000;
/** A page that is opened later is another click, or a slow network brought the message late. */
const LATE_MS = 10_000;
/** Who has not said it by then is not asked any more: in the page of a later click it would be believed. */
const LATEST_MS = 300_000;

interface Awaited {
  /** When the reader was sent to their sandbox, ms of the monotonic clock. */
  readonly sentAt: number;
  /** How long they had seen the page of a start by then; 0 where they saw none. ms */
  readonly preparedMs: number;
}

export class ClickTimesDesk {
  readonly #options: ClickTimesOptions;
  readonly #awaited = new Map<string, Awaited>();
  readonly #counts: Record<BeaconOutcome, number> = { taken: 0, unasked: 0, implausible: 0, malformed: 0 };

  constructor(options: ClickTimesOptions) {
    this.#options = options;
  }

  get counts(): Readonly<Record<BeaconOutcome, number>> {
    return this.#counts;
  }

  /** A reader is being sent to the sandbox that they got. @param preparedMs how long they saw the page of a start */
  sent(id: string, preparedMs: number): void {
    const { share, clock, random } = this.#options;
    if (random() < share) this.#awaited.set(id, { sentAt: clock.monotonic(), preparedMs });
  }

  /** Whether the page of this sandbox is asked for its times. */
  isAsked(id: string): boolean {
    const awaited = this.#awaited.get(id);
    return awaited !== undefined && this.#options.clock.monotonic() - awaited.sentAt < LATEST_MS;
  }

  /** @param times undefined for what is none */
  take(id: string, times: ClickTimes | undefined): BeaconOutcome {
    const outcome = this.#judge(id, times);
    this.#counts[outcome] += 1;
    return outcome;
  }

  /** The sandbox has ended. */
  forget(id: string): void {
    this.#awaited.delete(id);
  }

  #judge(id: string, times: ClickTimes | undefined): BeaconOutcome {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined || !this.isAsked(id)) return 'unasked';
    // One answer, whatever it is.
    this.#awaited.delete(id);
    if (times === undefined) return 'malformed';
    const { sentAt, preparedMs } = awaited;
    const beganAt = this.#options.clock.monotonic() - times.age_ms;
    const earliest = preparedMs > 0 ? sentAt - LATE_MS : sentAt - LONGEST_WAY_MS;
    if (times.page_ms > times.age_ms || beganAt < earliest || beganAt > sentAt + LATE_MS)
      return 'implausible';
    this.#options.observe((times.page_ms + preparedMs) / 1_000);
    return 'taken';
  }
}
