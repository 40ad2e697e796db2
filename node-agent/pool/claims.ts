// Gives sandboxes to readers: a warm one that still answers, else the next one that starts. Each sandbox is given out
// once, and only after its claim is on disk.
import type { Clock } from '../../shared/clock.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import { inStep, type Span } from '../../shared/tracing/tracer.ts';
import { newKey } from '../ownership/key.ts';
import type { Journal } from '../sandboxes/claim-journal.ts';
import { inWallTime, type SteadyClock } from '../sandboxes/steady-clock.ts';
import type { ClaimedBy, ClaimTicket, Sandbox, SandboxTable } from '../sandboxes/table.ts';
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
  /** Whether a sandbox could be started for a reader when none is warm. */
  readonly hasColdRoom: () => boolean;
  /** Called when a sandbox has left the pool, or a reader has begun to wait. */
  readonly onChange: (given?: Sandbox) => void;
  /** Called when a reader's claim is on disk, with the notebook that they will open. */
  readonly onGiven: (sandbox: Sandbox, notebook: string | undefined) => void;
  /** Called when a claimed sandbox is warm again. */
  readonly onReleased: (sandbox: Sandbox) => void;
  readonly end: (id: string, reason: 'unclaimed' | 'unresponsive') => void;
}

export interface PoolClaimOptions {
  /** How long a reader waits for a start when none is warm. */
  readonly waitMs: number;
  /** Aborted when the reader has gone. */
  readonly signal: AbortSignal;
  readonly ticket?: ClaimTicket | undefined;
  readonly by: Exclude<ClaimedBy, 'unknown'>;
  /** The notebook that the reader will open, as its path below the root of Jupyter; undefined where that is not known. */
  readonly notebook?: string | undefined;
  /** Only a warm one that leaves another for readers, and none that a reader waits for; it counts as no reader's. */
  readonly isCanary?: boolean;
  /** Called with the time that the reader waited for a start, ms, when none was warm and they got one. */
  readonly onStart?: (ms: number) => void;
  /** Undefined where the claim is not traced. */
  readonly span?: Span | undefined;
}

/** Longest time that unresponsive warm sandboxes cost a reader, besides the last health check. ms */
const SEARCH_MS = 3_000;
/** Warm sandboxes that a canary leaves for readers. */
const CANARY_LEAVES = 1;

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #queue = new WaitQueue<Sandbox>();
  #count = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** Claims since the start. */
  get count(): number {
    return this.#count;
  }

  /** Number of readers who wait for a start. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether who asks now should get a sandbox: one is warm, or can be started. */
  get hasRoom(): boolean {
    const { table, isOpen, hasColdRoom } = this.#options;
    return isOpen() && (table.firstWarm() !== undefined || hasColdRoom());
  }

  /** See `Pool.claim`. */
  async claim(options: PoolClaimOptions): Promise<Sandbox | undefined> {
    const { signal, ticket, by, notebook, isCanary = false, span } = options;
    const { journal, time, end, onGiven } = this.#options;
    const warm = await inStep(span, 'take a warm sandbox', () => this.#claimWarm(notebook, isCanary));
    const sandbox = warm ?? (await this.#claimCold(options));
    if (sandbox === undefined) return undefined;
    sandbox.ticket = ticket;
    sandbox.claimedBy = by;
    if (span !== undefined) traceClaim(span, sandbox);
    const isOnDisk = await inStep(span, 'write the claim', () =>
      journal.claim(inWallTime(sandbox, time)).then(
        () => true,
        () => false,
      ),
    );
    // A disk that takes no claim may not take its withdrawal either: it is ended now instead of after its lease.
    if (!isOnDisk) {
      end(sandbox.id, 'unclaimed');
      return undefined;
    }
    if (signal.aborted) {
      // From here on it may be another reader's.
      this.release(sandbox);
      return undefined;
    }
    if (!isHeld(sandbox.state)) return undefined;
    if (!isCanary) this.#count += 1;
    onGiven(sandbox, notebook);
    return sandbox;
  }

  /** See `Pool.release`. */
  release(sandbox: Sandbox): void {
    const { table, journal, time, onReleased } = this.#options;
    if (!this.#isUnused(sandbox)) return;
    table.move(sandbox, 'warm');
    sandbox.key = undefined;
    sandbox.isCanary = false;
    sandbox.claimedBy = undefined;
    sandbox.claimedAt = undefined;
    sandbox.ticket = undefined;
    sandbox.trace = undefined;
    journal.warm(inWallTime(sandbox, time));
    onReleased(sandbox);
  }

  /** See `Pool.confirm`. */
  async confirm(sandbox: Sandbox): Promise<boolean> {
    if (sandbox.state !== 'claimed') return isHeld(sandbox.state);
    const answers = await this.#options.health.confirm(sandbox);
    if (!answers && this.#isUnused(sandbox)) this.#options.end(sandbox.id, 'unresponsive');
    return isHeld(sandbox.state);
  }

  /** Gives warm sandboxes to the readers who have waited longest. */
  serveQueue(): void {
    while (this.#queue.length > 0) {
      const sandbox = this.#options.table.firstWarm();
      if (sandbox === undefined) return;
      // The queue comes first: a reader who has gone must not cost a sandbox.
      if (!this.#queue.serve(() => this.#give(sandbox))) return;
    }
  }

  /** Refuses every waiting reader. */
  dismiss(): void {
    this.#queue.dismiss();
  }

  async #claimWarm(notebook: string | undefined, isCanary: boolean): Promise<Sandbox | undefined> {
    const { clock, table, isOpen } = this.#options;
    const began = clock.monotonic();
    while (isOpen() && clock.monotonic() - began < SEARCH_MS) {
      if (isCanary && (this.waiting > 0 || table.counts().warm <= CANARY_LEAVES)) return undefined;
      const sandbox = table.firstWarm(notebook);
      if (sandbox === undefined) return undefined;
      sandbox.isCanary = isCanary;
      this.#give(sandbox);
      if (await this.confirm(sandbox)) return sandbox;
    }
    return undefined;
  }

  async #claimCold(options: PoolClaimOptions): Promise<Sandbox | undefined> {
    const { waitMs, signal, onStart, isCanary = false, span } = options;
    const { isOpen, hasColdRoom, onChange, clock } = this.#options;
    if (isCanary || !isOpen() || !hasColdRoom()) return undefined;
    const began = clock.monotonic();
    const turn = this.#queue.join(waitMs, signal);
    onChange();
    const sandbox = await inStep(span, 'wait for a start', async (step) => {
      const started = await turn;
      if (step !== undefined) started?.startTimes?.addBelow(step);
      if (started !== undefined) started.startTimes = undefined;
      return started;
    });
    if (sandbox !== undefined) onStart?.(clock.monotonic() - began);
    return sandbox;
  }

  #give(sandbox: Sandbox): Sandbox {
    const { table, time, onChange } = this.#options;
    table.move(sandbox, 'claimed');
    sandbox.isUntouched = false;
    sandbox.key = newKey();
    sandbox.claimedAt = time.now();
    onChange(sandbox);
    return sandbox;
  }

  /** Asked again after an `await`, during which the reader may have arrived. */
  #isUnused(sandbox: Sandbox): boolean {
    return sandbox.state === 'claimed';
  }
}

/** Joins the sandbox with the trace of its claim. A warm one was started before the click: that is a trace of its own, which is linked. */
function traceClaim(span: Span, sandbox: Sandbox): void {
  sandbox.trace = span.trace;
  const { startTimes } = sandbox;
  sandbox.startTimes = undefined;
  if (startTimes !== undefined) span.link(startTimes.addTo(span.trace.beside()));
}
