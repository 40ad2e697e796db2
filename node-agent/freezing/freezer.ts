// Freezes sandboxes that their readers do not use (--freeze-after), and thaws them at the reader's first byte. `frozen` in the table
// is true from before the engine is asked to freeze one until it has thawed it, and is changed here only.
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, type Random, shortId } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { FreezingEngine } from '../engine/engine.ts';
import type { SteadyClock } from '../sandboxes/steady-clock.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { findUnused } from './find-unused.ts';

export interface FreezerOptions {
  readonly engine: Pick<FreezingEngine, 'freeze' | 'thaw' | 'freezeSavings'>;
  readonly table: Pick<SandboxTable, 'all' | 'get'>;
  readonly config: { readonly freezeAfterMs: number; readonly keepBusy: boolean };
  readonly clock: Clock;
  /** The clock of the times in the table. */
  readonly time: SteadyClock;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether a request to the sandbox is under way. */
  readonly isBusy: (id: string) => boolean;
  /** Asks the sandbox for work of its kernels, and records that as use. */
  readonly lookAtKernels: (sandbox: Sandbox, signal: AbortSignal) => Promise<void>;
  /** Called with the seconds from the reader's first byte to the thaw. */
  readonly onThawed: (seconds: number) => void;
}

/** After a thaw, one that is asked for nothing, or only polled now and then, is frozen again when it was left alone this long. ms */
const REST_MS = 15_000;
/** Each thaw brings a sandbox's memory back from swap; with all at once, none would be quick. */
const CONCURRENT_THAWS = 4;
/** Nobody waits for these. */
const CONCURRENT_FREEZES = 2;
/** How many sandboxes are asked for their kernels, or wait for their turn to be frozen. */
const MAX_WAITING = 64;
/** Longest time that an operator's order waits for a thaw. ms */
const MAX_HOLD_MS = 20_000;

/** A sandbox that is frozen, or was. */
interface Entry {
  phase: 'freezing' | 'frozen' | 'thawing' | 'awake';
  /** Asked for while it was being frozen. */
  isWanted: boolean;
  /** When it was last asked for, ms of the monotonic clock. */
  askedAt: number;
  /** What is under way. */
  work: Promise<void>;
}

export class Freezer {
  readonly #options: FreezerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<string>();
  /** Operators' orders under way, by sandbox. */
  readonly #holds = new Map<string, number>();
  readonly #freezes = pLimit(CONCURRENT_FREEZES);
  readonly #thaws = pLimit(CONCURRENT_THAWS);
  readonly #stopping = new AbortController();
  /** Of freezing alone: what makes one fail most often makes all fail. */
  readonly #backoff: Backoff;
  readonly #tally = { frozen: 0, failed: 0 };
  #canFreeze = true;

  constructor(options: FreezerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.random);
  }

  /** Freezes since the start, by outcome. */
  get tally(): Readonly<Record<'frozen' | 'failed', number>> {
    return this.#tally;
  }

  /** Says what freezing saves, and takes over what an earlier run has left frozen. To be called before the first reader comes. */
  async open(): Promise<void> {
    const { engine, config, table, logger } = this.#options;
    for (const sandbox of table.all()) {
      if (sandbox.frozen !== true) continue;
      const entry: Entry = { phase: 'frozen', isWanted: false, askedAt: 0, work: Promise.resolve() };
      this.#entries.set(sandbox.id, entry);
      // Its first use was not on record yet; the reader's return is measured against the lease.
      if (sandbox.state !== 'active') this.wake(sandbox.id);
    }
    const { cpu, memory, missing } = await engine.freezeSavings();
    this.#canFreeze = cpu;
    if (config.freezeAfterMs === 0) return;
    if (!cpu) logger.warn({ why: missing }, 'no sandbox is frozen');
    else if (!memory)
      logger.warn({ why: missing }, 'freezing sandboxes saves only processor time, no memory');
    else logger.info('unused sandboxes are frozen, and their memory goes to swap');
  }

  /** Begins to freeze what is unused. To be called every few seconds. */
  sweep(): void {
    const { table, config, time } = this.#options;
    if (!this.#canFreeze || this.#backoff.active) return;
    for (const sandbox of findUnused(table.all(), config, time.now())) {
      if (this.#waiting.size >= MAX_WAITING) return;
      if (!this.#waiting.has(sandbox.id) && this.#isAtRest(sandbox.id)) void this.#consider(sandbox);
    }
  }

  /** The reader asks for something. Cheap, and waits for nothing: what is sent meanwhile waits in the sandbox's sockets. */
  wake(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.askedAt = this.#options.clock.monotonic();
    if (entry.phase === 'freezing') entry.isWanted = true;
    else if (entry.phase === 'frozen') entry.work = this.#thaw(id, entry);
  }

  /** For an operator's order: thaws the sandbox, and keeps it so until what this resolves to is called. */
  async hold(id: string): Promise<() => void> {
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1);
    this.wake(id);
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.phase !== 'awake')
      await Promise.race([entry.work, delay(MAX_HOLD_MS, undefined, { ref: false })]);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#holds.get(id) ?? 1) - 1;
      if (left > 0) this.#holds.set(id, left);
      else this.#holds.delete(id);
    };
  }

  /** The sandbox is being removed, which the engine does with a frozen one as with any other. */
  forget(id: string): void {
    this.#entries.delete(id);
  }

  /** Freezes nothing more, and waits for what is under way. What is frozen stays so, for the next run. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#entries.values()].map(({ work }) => work));
  }

  #isAtRest(id: string): boolean {
    const { isBusy, clock } = this.#options;
    if (isBusy(id) || this.#holds.has(id)) return false;
    const entry = this.#entries.get(id);
    return entry === undefined || (entry.phase === 'awake' && clock.monotonic() - entry.askedAt >= REST_MS);
  }

  async #consider(sandbox: Sandbox): Promise<void> {
    const { config, lookAtKernels, time } = this.#options;
    const { id } = sandbox;
    const { signal } = this.#stopping;
    this.#waiting.add(id);
    try {
      // A long computation has no traffic, and is not to be stopped for that.
      if (config.keepBusy) await lookAtKernels(sandbox, signal);
      await this.#freezes(async () => {
        // Its reader may have come back while it waited.
        const isUnused = findUnused([sandbox], config, time.now()).length > 0 && this.#isAtRest(id);
        if (!isUnused || signal.aborted) return;
        const entry: Entry = { phase: 'freezing', isWanted: false, askedAt: 0, work: Promise.resolve() };
        this.#entries.set(id, entry);
        sandbox.frozen = true;
        entry.work = this.#freeze(id, entry);
        await entry.work;
      });
    } finally {
      this.#waiting.delete(id);
    }
  }

  async #freeze(id: string, entry: Entry): Promise<void> {
    const { engine, logger } = this.#options;
    let isFrozen = false;
    try {
      await engine.freeze(id);
      isFrozen = true;
      this.#backoff.succeeded();
      this.#tally.frozen += 1;
    } catch (error) {
      if (!this.#isKnown(id, entry)) return;
      this.#tally.failed += 1;
      const retryIn = Math.round(this.#backoff.failed());
      const fields = { sandbox: shortId(id), error: describeError(error), retryIn };
      logger.warn(fields, 'a sandbox could not be frozen');
    }
    if (!this.#isKnown(id, entry)) return;
    entry.phase = 'frozen';
    if (isFrozen) logger.debug({ sandbox: shortId(id) }, 'an unused sandbox is frozen');
    // After a failure, a part of it may be.
    if (entry.isWanted || !isFrozen) await this.#thaw(id, entry);
  }

  /** Repeats until the engine confirms: a reader waits. */
  async #thaw(id: string, entry: Entry): Promise<void> {
    const { engine, table, clock, random, logger, onThawed } = this.#options;
    const began = clock.monotonic();
    const retry = new Backoff(clock, random);
    entry.phase = 'thawing';
    while (this.#isKnown(id, entry)) {
      try {
        await this.#thaws(() => engine.thaw(id));
        break;
      } catch (error) {
        const retryIn = Math.round(retry.failed());
        const fields = { sandbox: shortId(id), error: describeError(error), retryIn };
        logger.warn(fields, 'a frozen sandbox could not be thawed');
        await delay(retryIn, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
        if (this.#stopping.signal.aborted) return;
      }
    }
    if (!this.#isKnown(id, entry)) return;
    entry.phase = 'awake';
    const sandbox = table.get(id);
    if (sandbox !== undefined) sandbox.frozen = false;
    onThawed((clock.monotonic() - began) / 1_000);
  }

  #isKnown(id: string, entry: Entry): boolean {
    return this.#entries.get(id) === entry;
  }
}
