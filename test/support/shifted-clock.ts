// A clock that runs as the real one does, until a test shifts it: wall time and monotonic time separately.
import type { Clock } from '../../shared/clock.ts';

export class ShiftedClock implements Clock {
  #wall = 0;
  #monotonic = 0;

  now(): number {
    return Date.now() + this.#wall;
  }

  monotonic(): number {
    return performance.now() + this.#monotonic;
  }

  /** Steps the wall clock, as an operator or NTP does. */
  setWall(byMs: number): void {
    this.#wall += byMs;
  }

  /** Lets time pass, on both clocks. */
  pass(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }
}
