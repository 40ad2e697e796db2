// How each reader in line stands: their place, and the time to expect.
import type { Clock } from '../../shared/clock.ts';
import type { Fleet } from '../nodes/fleet.ts';
import type { Dispatcher, RefusalReason } from '../placement/dispatcher.ts';
import type { Estimate } from './estimate.ts';
import type { OtherFronts } from './other-fronts.ts';
import type { Place } from './place.ts';
import type { Standing, Waiter, Waiters } from './waiters.ts';

export interface StandingsOptions {
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  readonly estimate: Estimate;
  readonly others: OtherFronts;
  readonly clock: Clock;
}

/** How fast the line moves; see `Estimate.ratePerSecond`. */
interface Pace {
  readonly reason: RefusalReason;
  /** Undefined where nobody is let in, however many leave. */
  readonly rate: number | undefined;
  /** ms, monotonic */
  readonly until: number;
}

/** What was computed from all nodes is kept for this long. */
const PACE_MS = 1_000;

export class Standings {
  readonly #waiters: Waiters;
  readonly #options: StandingsOptions;
  #pace: Pace | undefined;

  constructor(waiters: Waiters, options: StandingsOptions) {
    this.#waiters = waiters;
    this.#options = options;
  }

  /** @param waiter where the reader is in line here: the first time that they are told is noted */
  of(place: Place, waiter?: Waiter): Standing {
    const { estimate, clock } = this.#options;
    const position = this.positionOf(place);
    const { reason, rate } = this.#currentPace();
    const etaSeconds = rate === undefined ? undefined : estimate.secondsFor(position, rate);
    if (waiter !== undefined && etaSeconds !== undefined && estimate.isMeasured)
      waiter.told ??= { etaSeconds, at: clock.monotonic() };
    return { place, position, etaSeconds, reason };
  }

  /** 1 for the first, other fronts' readers included. */
  positionOf(place: Place): number {
    return this.#waiters.countAhead(place) + 1 + this.#options.others.countAhead(place.arrivedAt);
  }

  #currentPace(): Pace {
    const { dispatcher, estimate, fleet, clock } = this.#options;
    const now = clock.monotonic();
    if (this.#pace !== undefined && now < this.#pace.until) return this.#pace;
    const reason = dispatcher.refusalReason();
    const rate = reason === 'full' ? estimate.ratePerSecond(fleet.views(), clock.now()) : undefined;
    this.#pace = { reason, rate, until: now + PACE_MS };
    return this.#pace;
  }
}
