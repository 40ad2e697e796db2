// How each reader in line stands: their place, and the time to expect.
import type { RefusalReason } from '../api/refusal.ts';
import type { Clock } from '../clock.ts';
import type { Estimate } from './estimate.ts';
import type { Place } from './place.ts';
import type { Standing, Waiter, Waiters } from './waiters.ts';

/** How fast the line moves. */
export interface Pace {
  readonly reason: RefusalReason;
  /** See `Estimate.ratePerSecond`. Undefined where no reader is let in, however many leave. */
  readonly rate: number | undefined;
}

/** Readers who wait for the same sandboxes elsewhere. */
export interface Elsewhere {
  readonly waiting: number;
  /** About how many of them arrived before this time, ms since 1970. */
  countAhead(arrivedAt: number): number;
}

export interface StandingsOptions<Entry> {
  readonly waiters: Waiters<Entry>;
  readonly estimate: Estimate;
  readonly elsewhere: Elsewhere;
  /** Looks through all that is known: what it gives is used for a second. */
  readonly pace: () => Pace;
  readonly clock: Clock;
}

const PACE_MS = 1_000;

export class Standings<Entry> {
  readonly #options: StandingsOptions<Entry>;
  #pace: { readonly is: Pace; readonly until: number } | undefined;

  constructor(options: StandingsOptions<Entry>) {
    this.#options = options;
  }

  /** @param waiter where the reader is in line here: the first time that they are told is noted */
  of(place: Place, waiter?: Waiter<Entry>): Standing {
    const { estimate, clock } = this.#options;
    const position = this.positionOf(place);
    const { reason, rate } = this.#currentPace();
    const etaSeconds = rate === undefined ? undefined : estimate.secondsFor(position, rate);
    if (waiter !== undefined && etaSeconds !== undefined && estimate.isMeasured)
      waiter.told ??= { etaSeconds, at: clock.monotonic() };
    return { place, position, etaSeconds, reason };
  }

  /** 1 for the first, those elsewhere included. */
  positionOf(place: Place): number {
    const { waiters, elsewhere } = this.#options;
    return waiters.countAhead(place) + 1 + elsewhere.countAhead(place.arrivedAt);
  }

  #currentPace(): Pace {
    const { pace, clock } = this.#options;
    const now = clock.monotonic();
    if (this.#pace === undefined || now >= this.#pace.until)
      this.#pace = { is: pace(), until: now + PACE_MS };
    return this.#pace.is;
  }
}
