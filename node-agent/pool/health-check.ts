// Checks that unclaimed sandboxes still answer: a server can stop while its container runs.
import pLimit from 'p-limit';
import { type Clock, shortId } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import { BASE_PATH, findFault, type ProbePlace } from '../engine/readiness.ts';
import type { Sandbox } from '../sandboxes/table.ts';

/** A warm sandbox is checked when its last answer is this old. */
const RECHECK_MS = 30_000;
/** A claim skips the check when the sandbox's last answer is at most this old. */
const FRESH_MS = 5_000;
/**
 * Checks for claims at one time. In a burst, further claims are content with the answer of the last sweep: hundreds of checks at once take
 * longer than a healthy sandbox may, on a host that is busy with them.
 */
const CLAIM_CHECKS = 8;
/** Of a sweep, in time for the next one on a busy host. */
const SWEPT_MS = 2 * RECHECK_MS;
/** Longest time a reader waits for the answer. */
const CLAIM_TRY_MS = 2_000;
/** Timeout in the background. It is longer: a busy host is slow, and replacing its sandboxes would slow it further. */
const BACKGROUND_TRY_MS = 5_000;
const BACKGROUND_TRIES = 2;
const CONCURRENT_CHECKS = 4;

export interface HealthCheckOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the base path. */
  readonly probe?: ProbePlace | undefined;
  readonly onUnresponsive: (sandbox: Sandbox) => void;
}

export class HealthCheck {
  readonly #options: HealthCheckOptions;
  readonly #limit = pLimit(CONCURRENT_CHECKS);
  readonly #claimLimit = pLimit(CLAIM_CHECKS);
  readonly #stopping = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  /** It has just answered a request. */
  answered(sandbox: Sandbox): void {
    sandbox.answeredAt = this.#options.clock.monotonic();
  }

  /** Whether it answers now, or did a moment ago; in a burst, whether it did at the last sweep. */
  async confirm(sandbox: Sandbox): Promise<boolean> {
    const age = this.#ageOf(sandbox);
    if (age <= FRESH_MS) return true;
    const { activeCount, pendingCount } = this.#claimLimit;
    if (activeCount + pendingCount >= CLAIM_CHECKS && age <= SWEPT_MS) return true;
    return this.#claimLimit(() => this.#asks(sandbox, CLAIM_TRY_MS));
  }

  /** Checks sandboxes whose last answer is old, a few at a time, and reports those that fail twice in a row. */
  sweep(warm: readonly Sandbox[]): Promise<void> {
    this.#sweeping ??= this.#sweep(warm).finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  /** Aborts the checks under way, without a result. */
  stop(): void {
    this.#stopping.abort();
  }

  async #sweep(warm: readonly Sandbox[]): Promise<void> {
    const due = warm.filter((sandbox) => this.#ageOf(sandbox) > RECHECK_MS);
    await Promise.all(due.map((sandbox) => this.#limit(() => this.#check(sandbox))));
  }

  async #check(sandbox: Sandbox): Promise<void> {
    for (let tries = 0; tries < BACKGROUND_TRIES; tries += 1) {
      // A reader has claimed it meanwhile: their own requests show whether it answers.
      if (sandbox.state !== 'warm' || (await this.#asks(sandbox, BACKGROUND_TRY_MS))) return;
    }
    if (sandbox.state === 'warm') this.#options.onUnresponsive(sandbox);
  }

  async #asks(sandbox: Sandbox, ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    const fault = await findFault(
      sandbox,
      this.#options.probe ?? BASE_PATH,
      AbortSignal.any([signal, AbortSignal.timeout(ms)]),
    );
    if (fault === undefined) this.answered(sandbox);
    else if (!signal.aborted) {
      const fields = { sandbox: shortId(sandbox.id), state: sandbox.state, fault };
      this.#options.logger.warn(fields, 'a sandbox does not answer any more');
    }
    return fault === undefined || signal.aborted;
  }

  #ageOf({ answeredAt }: Sandbox): number {
    return answeredAt === undefined ? Number.POSITIVE_INFINITY : this.#options.clock.monotonic() - answeredAt;
  }
}
