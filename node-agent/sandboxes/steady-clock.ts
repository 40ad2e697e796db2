// Time for the spans of a sandbox's life: wall time as it was at the start, carried on by the monotonic clock.
// The wall clock may be set while we run (NTP, an operator): no reader must be idle for two hours because of that.
import type { Clock } from '../../shared/clock.ts';
import type { Sandbox } from './table.ts';

export class SteadyClock {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.now() - clock.monotonic();
  }

  /** ms since 1970 as far as it was known at the start; never jumps. */
  now(): number {
    return this.#clock.monotonic() + this.#offsetMs;
  }

  /** The same moment by today's wall clock (ms since 1970), for disk, people and other programs. */
  toWall(at: number): number {
    return at + this.#clock.now() - this.now();
  }
}

/** A copy whose times are those of today's wall clock. */
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
