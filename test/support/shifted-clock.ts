// A clock that runs as the real one does, until a test moves its hands: wall time and monotonic time apart.
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

  /** As an operator or NTP does. */
  setWall(byMs: number): void {
    this.#wall += byMs;
  }

  /** As time does, by both clocks. */
  pass(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }
}
