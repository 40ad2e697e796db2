// Gives sandboxes to readers: a warm one that still answers, else the next one to start; each once, and on disk first.
import { type Clock, newNonce } from '../../shared/clock.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Journal } from '../sandboxes/journal.ts';
import { inWallTime, type SteadyClock } from '../sandboxes/steady-clock.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import type { HealthCheck } from './health-check.ts';
import { WaitQueue } from './wait-queue.ts';

export interface ClaimsOptions {
  readonly table: SandboxTable;
  readonly journal: Journal;
  readonly health: HealthCheck;
  readonly clock: Clock;
  readonly time: SteadyClock;
  /** Whether this node takes readers. */
  readonly isOpen: () => boolean;
  /** Whether a reader who finds none warm could be started one. */
  readonly hasColdRoom: () => boolean;
  /** One has left the pool, or a reader has begun to wait. */
  readonly onChange: (given?: Sandbox) => void;
  readonly end: (id: string, reason: 'unclaimed' | 'unresponsive') => void;
}

export interface ClaimOptions {
  /** How long a reader waits for a start when none is warm. */
  readonly waitMs: number;
  /** The reader has gone. */
  readonly signal: AbortSignal;
}

/** Warm sandboxes that do not answer cost a reader no more time than this, and the one question that follows it. */
const SEARCH_MS = 3_000;

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #queue = new WaitQueue<Sandbox>();
  #count = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Since the start. */
  get count(): number {
    return this.#count;
  }

  /** Readers who wait for a start. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** See `Pool.claim`. */
  async claim({ waitMs, signal }: ClaimOptions): Promise<Sandbox | undefined> {
    const { journal, time, end } = this.#options;
    const sandbox = (await this.#claimWarm()) ?? (await this.#claimCold(waitMs, signal));
    if (sandbox === undefined) return undefined;
    const isOnDisk = await journal.claim(inWallTime(sandbox, time)).then(
      () => true,
      () => false,
    );
    // No reader knows of it, so its slot is worth more than its lease.
    if (!isOnDisk || signal.aborted) end(sandbox.id, 'unclaimed');
    if (!isHeld(sandbox.state)) return undefined;
    this.#count += 1;
    return sandbox;
  }

  /** See `Pool.confirm`. */
  async confirm(sandbox: Sandbox): Promise<boolean> {
    if (sandbox.state !== 'claimed') return isHeld(sandbox.state);
    const answers = await this.#options.health.confirm(sandbox);
    if (!answers && this.#isUnused(sandbox)) this.#options.end(sandbox.id, 'unresponsive');
    return isHeld(sandbox.state);
  }

  /** Warm ones go straight to the readers who wait longest. */
  serveQueue(): void {
    while (this.#queue.length > 0) {
      const sandbox = this.#options.table.firstWarm();
      if (sandbox === undefined) return;
      // The queue is asked first: a reader who has gone must not cost a sandbox.
      if (!this.#queue.serve(() => this.#give(sandbox))) return;
    }
  }

  /** Everyone who waits is refused. */
  dismiss(): void {
    this.#queue.dismiss();
  }

  async #claimWarm(): Promise<Sandbox | undefined> {
    const { clock, table, isOpen } = this.#options;
    const began = clock.monotonic();
    while (isOpen() && clock.monotonic() - began < SEARCH_MS) {
      const sandbox = table.firstWarm();
      if (sandbox === undefined) return undefined;
      this.#give(sandbox);
      if (await this.confirm(sandbox)) return sandbox;
    }
    return undefined;
  }

  async #claimCold(waitMs: number, signal: AbortSignal): Promise<Sandbox | undefined> {
    const { isOpen, hasColdRoom, onChange } = this.#options;
    if (!isOpen() || !hasColdRoom()) return undefined;
    const turn = this.#queue.join(waitMs, signal);
    onChange();
    return turn;
  }

  #give(sandbox: Sandbox): Sandbox {
    const { table, time, onChange } = this.#options;
    table.move(sandbox, 'claimed');
    sandbox.owner = newNonce();
    sandbox.claimedAt = time.now();
    onChange(sandbox);
    return sandbox;
  }

  /** Asked again after a wait, in which the reader may have come. */
  #isUnused(sandbox: Sandbox): boolean {
    return sandbox.state === 'claimed';
  }
}
