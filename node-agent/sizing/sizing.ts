// Decides how many sandboxes to keep ready and how many to start at a time, from options, bookings, demand and the host.
import type { Clock } from '../../shared/clock.ts';
import { type Booking, Bookings } from './bookings.ts';
import { Demand } from './demand.ts';
import { StartLimiter } from './start-limiter.ts';

export interface SizingSettings {
  /** How many to keep ready; Infinity for all slots. With `warmFollow`, the minimum. */
  readonly warm: number;
  readonly warmFollow: boolean;
  /** The maximum that demand can ask for. */
  readonly warmMax: number;
  readonly concurrentStarts: number;
  readonly book: readonly Booking[];
}

/** Assumed duration of a start before the first one is measured. Seconds */
const USUAL_START_SECONDS = 5;
/** Weight of the newest start in the mean duration. */
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

  /** How many sandboxes may start at one time. */
  get concurrency(): number {
    return this.#limiter.limit;
  }

  /** How many sandboxes should be ready and unclaimed; more than the capacity means all slots. */
  warmTarget(): number {
    const { warm, warmFollow, warmMax } = this.#settings;
    const seconds = this.#startSeconds ?? USUAL_START_SECONDS;
    const booked = this.#bookings.wanted(this.#clock.now(), seconds / this.#limiter.limit);
    const followed = warmFollow
      ? Math.min(warmMax, this.#demand.warmTarget(this.#clock.monotonic(), seconds))
      : 0;
    return Math.max(warm, booked, followed);
  }

  /** A sandbox was given to a reader. */
  claimed(): void {
    this.#demand.arrived(this.#clock.monotonic());
  }

  /** @param seconds from the request to the engine to the first answer */
  started(seconds: number): void {
    this.#limiter.started(seconds);
    const before = this.#startSeconds ?? seconds;
    this.#startSeconds = (1 - WEIGHT) * before + WEIGHT * seconds;
  }

  /** The image has changed, and with it the duration of a start. */
  forget(): void {
    this.#limiter.forget();
  }

  failed(): void {
    this.#limiter.failed();
  }
}
