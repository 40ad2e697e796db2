// The engine-facing half of the pool: starts a sandbox until it answers, removes one until the engine confirms.
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, type Random, shortId } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Engine } from '../engine/engine.ts';
import { awaitAnswer } from '../engine/readiness.ts';
import type { Sandbox } from '../sandboxes/table.ts';

export interface LauncherOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** ms within which a sandbox must answer, from the moment it is asked for. */
  readonly startDeadline: number;
  /** It answered, after so many seconds. */
  readonly onStarted: (sandbox: Sandbox, seconds: number) => void;
  readonly onFailed: (sandbox: Sandbox) => void;
  /** The engine confirmed that it is no more. */
  readonly onRemoved: (sandbox: Sandbox) => void;
  /** Failed starts have waited long enough: another may be tried. */
  readonly onBackoffEnd: () => void;
}

/** So many removals at a time: Docker serves them slowly, and readers' claims come first. */
const CONCURRENT_REMOVALS = 4;

export class Launcher {
  readonly #options: LauncherOptions;
  /** Of all starts together: when one fails, the others' cause is usually the same. */
  readonly #backoff: Backoff;
  readonly #removals = pLimit(CONCURRENT_REMOVALS);
  readonly #aborts = new Map<string, AbortController>();
  readonly #starts = new Map<string, Promise<void>>();
  readonly #work = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #failedRemovals = 0;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.random, options.onBackoffEnd);
  }

  get backingOff(): boolean {
    return this.#backoff.active;
  }

  /** Since the start; for metrics. */
  get failedRemovals(): number {
    return this.#failedRemovals;
  }

  /** Ends in `onStarted` or `onFailed`, or in neither when the sandbox is ended meanwhile. */
  start(sandbox: Sandbox): void {
    const start = this.#start(sandbox).finally(() => this.#starts.delete(sandbox.id));
    this.#starts.set(sandbox.id, start);
    this.#track(start);
  }

  /** Makes a start that is under way fail now. */
  abort(id: string): void {
    this.#aborts.get(id)?.abort();
  }

  /** Tries until it ends in `onRemoved`. */
  remove(sandbox: Sandbox): void {
    this.#track(this.#remove(sandbox));
  }

  /** No more retries, and no start goes on. */
  stop(): void {
    this.#closing.abort();
    this.#backoff.stop();
    for (const abort of this.#aborts.values()) abort.abort();
  }

  /** Until all that was begun has ended one way or another. */
  async settled(): Promise<void> {
    await Promise.all(this.#work);
  }

  async #start(sandbox: Sandbox): Promise<void> {
    const { clock, engine, logger, startDeadline, onStarted, onFailed } = this.#options;
    const began = clock.monotonic();
    const abort = new AbortController();
    this.#aborts.set(sandbox.id, abort);
    const deadline = AbortSignal.timeout(startDeadline);
    try {
      sandbox.address = await engine.start({
        id: sandbox.id,
        token: sandbox.token,
        image: sandbox.image,
      });
      await awaitAnswer(sandbox, AbortSignal.any([abort.signal, deadline]));
      // Whoever ended it meanwhile has already seen to its removal.
      if (sandbox.state !== 'starting') return;
      this.#backoff.succeeded();
      onStarted(sandbox, (clock.monotonic() - began) / 1000);
    } catch (error) {
      if (sandbox.state !== 'starting') return;
      if (!this.#closing.signal.aborted) {
        const retryIn = Math.round(this.#backoff.failed());
        const why = deadline.aborted ? `no answer in time (${describeError(error)})` : describeError(error);
        logger.warn({ sandbox: shortId(sandbox.id), why, retryIn }, 'a sandbox failed to start');
      }
      onFailed(sandbox);
    } finally {
      this.#aborts.delete(sandbox.id);
    }
  }

  async #remove(sandbox: Sandbox): Promise<void> {
    const { clock, random, engine, logger, onRemoved } = this.#options;
    const retry = new Backoff(clock, random);
    // Removing what is only half made would leave the other half: the engine's start has a deadline of its own.
    await this.#starts.get(sandbox.id);
    for (;;) {
      try {
        await this.#removals(() => engine.remove(sandbox.id));
        break;
      } catch (error) {
        this.#failedRemovals += 1;
        const retryIn = Math.round(retry.failed());
        const fields = { sandbox: shortId(sandbox.id), error: describeError(error), retryIn };
        logger.warn(fields, 'a sandbox could not be removed');
        await delay(retryIn, undefined, { signal: this.#closing.signal }).catch(() => undefined);
        if (this.#closing.signal.aborted) return;
      }
    }
    onRemoved(sandbox);
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}
