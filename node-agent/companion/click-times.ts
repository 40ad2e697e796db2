// How long readers wait from their click until the page is there, as their browsers say it: a share of the sandboxes that readers
// get is asked for it, and each may answer once. So what one reader can add is bounded by the sandboxes that they get. Of the same
// sandboxes, how long it took from that click to the first output of a kernel, which the proxy sees.
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
  readonly observePage: (seconds: number) => void;
  readonly observeOutput: (seconds: number) => void;
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
  /** Of their click; undefined until their browser has said it. ms of the monotonic clock */
  clickedAt: number | undefined;
  /** Of the first output; undefined until there was one. ms of the monotonic clock */
  outputAt: number | undefined;
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
    if (random() >= share) return;
    const sentAt = clock.monotonic();
    this.#awaited.set(id, { sentAt, preparedMs, clickedAt: undefined, outputAt: undefined });
  }

  /** Whether the page of this sandbox is asked for its times. */
  isAsked(id: string): boolean {
    const awaited = this.#current(id);
    return awaited !== undefined && awaited.clickedAt === undefined;
  }

  /** Whether the time of the first output of this sandbox is wanted. */
  awaitsOutput(id: string): boolean {
    const awaited = this.#current(id);
    return awaited !== undefined && awaited.outputAt === undefined;
  }

  /** A kernel of this sandbox has answered with an output. */
  sawOutput(id: string): void {
    const awaited = this.#current(id);
    if (awaited === undefined) return;
    awaited.outputAt ??= this.#options.clock.monotonic();
    this.#observeOutput(id, awaited);
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
    const awaited = this.#current(id);
    if (awaited === undefined || awaited.clickedAt !== undefined) return 'unasked';
    const outcome = this.#judgeTimes(awaited, times);
    // One answer, whatever it is; without a click, the output is of no use either.
    if (outcome === 'taken') this.#observeOutput(id, awaited);
    else this.#awaited.delete(id);
    return outcome;
  }

  #judgeTimes(awaited: Awaited, times: ClickTimes | undefined): BeaconOutcome {
    if (times === undefined) return 'malformed';
    const { sentAt, preparedMs } = awaited;
    const beganAt = this.#options.clock.monotonic() - times.age_ms;
    const earliest = preparedMs > 0 ? sentAt - LATE_MS : sentAt - LONGEST_WAY_MS;
    if (times.page_ms > times.age_ms || beganAt < earliest || beganAt > sentAt + LATE_MS)
      return 'implausible';
    awaited.clickedAt = beganAt - preparedMs;
    this.#options.observePage((times.page_ms + preparedMs) / 1_000);
    return 'taken';
  }

  /** Once both ends of that time are known. The output may come before the browser has said when the click was. */
  #observeOutput(id: string, { clickedAt, outputAt }: Awaited): void {
    if (clickedAt === undefined || outputAt === undefined) return;
    this.#awaited.delete(id);
    this.#options.observeOutput(Math.max(0, outputAt - clickedAt) / 1_000);
  }

  /** Undefined for a sandbox that was not drawn, or whose times are known, or would come too late. */
  #current(id: string): Awaited | undefined {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) return undefined;
    return this.#options.clock.monotonic() - awaited.sentAt < LATEST_MS ? awaited : undefined;
  }
}
