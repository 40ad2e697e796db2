// How much the pool keeps ready and how quickly it starts it: by configuration, by booking, by demand, by what the host bears.
import type { Clock } from '../../shared/clock.ts';
import { type Booking, Bookings } from './bookings.ts';
import { Demand } from './demand.ts';
import { StartLimiter } from './start-limiter.ts';

export interface SizingSettings {
  /** How many to keep ready; Infinity for the whole capacity. With `warmFollow`, the least. */
  readonly warm: number;
  readonly warmFollow: boolean;
  /** The most that demand makes of it. */
  readonly warmMax: number;
  readonly concurrentStarts: number;
  readonly book: readonly Booking[];
}

/** Until a start has been seen. */
const USUAL_START_SECONDS = 5;
/** Of the mean time of a start, how much the newest counts. */
const WEIGHT = 0.2;

export class Sizing {
  readonly #settings: SizingSettings;
  readonly #clock: Clock;
  readonly #bookings: Bookings;
  readonly #demand = new Demand();
  readonly #limiter: StartLimiter;
  #startSeconds: number | undefined;

  constructor(settings: SizingSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#bookings = new Bookings(settings.book);
    this.#limiter = new StartLimiter(settings.concurrentStarts);
  }

  /** How many may be started at one time. */
  get concurrency(): number {
    return this.#limiter.limit;
  }

  /** How many should be ready and unclaimed; more than the capacity means all of it. */
  warmTarget(): number {
    const { warm, warmFollow, warmMax } = this.#settings;
    const seconds = this.#startSeconds ?? USUAL_START_SECONDS;
    const booked = this.#bookings.wanted(this.#clock.now(), seconds / this.#limiter.limit);
    const followed = warmFollow
      ? Math.min(warmMax, this.#demand.warmTarget(this.#clock.monotonic(), seconds))
      : 0;
    return Math.max(warm, booked, followed);
  }

  /** A reader was given one. */
  claimed(): void {
    this.#demand.arrived(this.#clock.monotonic());
  }

  /** @param seconds from asking the engine to the first answer */
  started(seconds: number): void {
    this.#limiter.started(seconds);
    const before = this.#startSeconds ?? seconds;
    this.#startSeconds = (1 - WEIGHT) * before + WEIGHT * seconds;
  }

  /** Another image, so other times. */
  forget(): void {
    this.#limiter.forget();
  }

  failed(): void {
    this.#limiter.failed();
  }
}
