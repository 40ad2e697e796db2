// A clock for idle times and leases: the wall time at the start of the program, advanced by the monotonic clock.
// When NTP or an operator sets the wall clock, no sandbox must seem idle for hours because of that.
import type { Clock } from '../../shared/clock.ts';
import type { Sandbox } from './table.ts';

export class SteadyClock {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** ms since 1970, by the wall clock at the start; never jumps. */
  now(): number {
    return this.#clock.monotonic() + this.#offsetMs;
  }

  /** Converts to the present wall clock (ms since 1970), for disk, people and other programs. */
  toWall(at: number): number {
    return at + this.#clock.now() - this.now();
  }

  /** Converts from the present wall clock, ms since 1970. */
  fromWall(wall: number): number {
    return wall - this.#clock.now() + this.now();
  }
}

/** A copy whose times are on the present wall clock. */
export function inWallTime(sandbox: Sandbox, time: SteadyClock): Sandbox {
  const toWall = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : time.toWall(at);
  return {
    ...sandbox,
    createdAt: time.toWall(sandbox.createdAt),
    claimedAt: toWall(sandbox.claimedAt),
    lastUse: toWall(sandbox.lastUse),
  };
}
