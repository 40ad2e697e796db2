// The pool's half that faces the engine: starts a sandbox until it answers, removes one until the engine confirms.
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Backoff } from '../../shared/backoff.ts';
import { type Clock, type Random, shortId } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { Stopped } from '../../shared/protocol/sandbox-state.ts';
import type { Tracer } from '../../shared/tracing/tracer.ts';
import { describeDiagnosis, stoppedAs, withoutSecrets } from '../engine/diagnosis.ts';
import type { SandboxRunner } from '../engine/engine.ts';
import { awaitAnswer, BASE_PATH, type ProbePlace } from '../engine/readiness.ts';
import { StartTimes } from '../sandboxes/start-times.ts';
import type { Sandbox } from '../sandboxes/table.ts';

export interface LauncherOptions {
  readonly engine: SandboxRunner;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Default: the base path. */
  readonly probe?: ProbePlace;
  /** Longest time from the request to the engine until the sandbox answers. */
  readonly startTimeoutMs: number;
  /** Starts what is to run before a reader comes; default: nothing. @throws what makes the start a failed one */
  readonly prime?: ((sandbox: Sandbox, signal: AbortSignal) => Promise<void>) | undefined;
  /** The sandbox answered, this many seconds after the request to the engine. */
  readonly onStarted: (sandbox: Sandbox, seconds: number) => void;
  readonly onFailed: (sandbox: Sandbox) => void;
  /** The engine confirmed that it is gone. */
  readonly onRemoved: (sandbox: Sandbox) => void;
  /** The wait after failed starts has ended: another start may be tried. */
  readonly onBackoffEnd: () => void;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
}

/** Removals at one time. Docker serves them slowly, and readers' claims come first. */
export const CONCURRENT_REMOVALS = 4;
/** One failed start can be chance; this many in a row point to the command, the image or the host. */
const FAILURES_BEFORE_PROBLEM = 3;
/** A reader waits for the word that their sandbox has stopped. ms */
const MAX_EXPLAINING_MS = 2_000;
const MAX_PROBLEM_CHARACTERS = 700;

export class Launcher {
  readonly #options: LauncherOptions;
  /** Shared by all starts: when one fails, the others usually have the same cause. */
  readonly #backoff: Backoff;
  readonly #removals = pLimit(CONCURRENT_REMOVALS);
  readonly #aborts = new Map<string, AbortController>();
  readonly #starts = new Map<string, Promise<void>>();
  /** Those whose servers answer, in the order in which they did; aborting gives a sandbox out while its kernel starts. */
  readonly #primings = new Set<AbortController>();
  #hurry = 0;
  readonly #work = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #failedRemovals = 0;
  #failuresInARow = 0;
  #lastFailure = '';

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock, options.random, options.onBackoffEnd);
  }

  get backingOff(): boolean {
    return this.#backoff.active;
  }

  /** Why no sandbox starts, for operators; undefined while starts succeed or have not failed often enough. */
  get problem(): string | undefined {
    if (this.#failuresInARow < FAILURES_BEFORE_PROBLEM) return undefined;
    return `no sandbox starts: ${this.#lastFailure}`.slice(0, MAX_PROBLEM_CHARACTERS);
  }

  /** The next starts use another image, so failures so far do not count. */
  forgetFailures(): void {
    this.#failuresInARow = 0;
  }

  /** Failed starts since the program started; for metrics. */
  get failedRemovals(): number {
    return this.#failedRemovals;
  }

  /** Ends in `onStarted` or `onFailed`; in neither when the sandbox is ended meanwhile. */
  start(sandbox: Sandbox): void {
    const start = this.#start(sandbox).finally(() => this.#starts.delete(sandbox.id));
    this.#starts.set(sandbox.id, start);
    this.#track(start);
  }

  /** Makes a start under way fail now. */
  abort(id: string): void {
    this.#aborts.get(id)?.abort();
  }

  /** With this many readers waiting for a start, as many sandboxes are not primed. */
  hurry(waiting: number): void {
    this.#hurry = waiting;
    for (const priming of [...this.#primings].slice(0, waiting)) priming.abort();
  }

  /** Why a sandbox with a reader stopped; `crashed` where the engine does not say soon. */
  async whyStopped(id: string): Promise<Stopped> {
    const { engine, logger } = this.#options;
    const found = engine.diagnose(id).catch((error: unknown) => {
      logger.debug({ sandbox: shortId(id), error: describeError(error) }, 'the engine knows no reason');
      return undefined;
    });
    return stoppedAs(await Promise.race([found, delay(MAX_EXPLAINING_MS, undefined, { ref: false })]));
  }

  /** Repeats until the engine confirms; ends in `onRemoved`. */
  remove(sandbox: Sandbox): void {
    this.#track(this.#remove(sandbox));
  }

  /** Stops all retries, and aborts the starts under way. */
  stop(): void {
    this.#closing.abort();
    this.#backoff.stop();
    for (const abort of this.#aborts.values()) abort.abort();
  }

  /** Resolves when every start and removal has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#work);
  }

  async #start(sandbox: Sandbox): Promise<void> {
    const { clock, engine, probe = BASE_PATH, startTimeoutMs, onStarted, onFailed, tracer } = this.#options;
    const began = clock.monotonic();
    const times = tracer && new StartTimes(() => clock.monotonic());
    sandbox.startTimes = times;
    const abort = new AbortController();
    this.#aborts.set(sandbox.id, abort);
    const deadline = AbortSignal.timeout(startTimeoutMs);
    try {
      const { id, token, image, recipe } = sandbox;
      sandbox.address = await engine.start({ id, token, image, recipe, onPhase: times?.mark });
      const ended = AbortSignal.any([abort.signal, deadline]);
      await awaitAnswer(sandbox, probe, ended);
      times?.mark('probe');
      if (this.#options.prime !== undefined) {
        await this.#prime(sandbox, ended);
        times?.mark('prime');
      }
      // A sandbox that was ended meanwhile is being removed already.
      if (sandbox.state !== 'starting') return;
      this.#backoff.succeeded();
      this.#failuresInARow = 0;
      onStarted(sandbox, (clock.monotonic() - began) / 1000);
    } catch (error) {
      if (sandbox.state !== 'starting') return;
      const fault = describeError(error);
      if (!this.#closing.signal.aborted) {
        const trace = times && tracer?.newTrace();
        if (trace !== undefined) times?.addTo(trace, error instanceof FleetError ? error.code : fault);
        await this.#noteFailure(sandbox, deadline.aborted ? `no answer in time (${fault})` : fault);
      }
      // The diagnosis took a while, so the state is checked again.
      if (sandbox.state === 'starting') onFailed(sandbox);
    } finally {
      this.#aborts.delete(sandbox.id);
    }
  }

  async #prime(sandbox: Sandbox, ended: AbortSignal): Promise<void> {
    if (sandbox.state !== 'starting' || this.#hurry > 0) return;
    const priming = new AbortController();
    this.#primings.add(priming);
    const hurried = new Promise<void>((resolve) => {
      priming.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const primed = this.#options.prime?.(sandbox, ended) ?? Promise.resolve();
    // With a reader in it, the sandbox is no failed start any more.
    primed.catch(() => undefined);
    try {
      await Promise.race([primed, hurried]);
    } finally {
      this.#primings.delete(priming);
    }
  }

  async #noteFailure(sandbox: Sandbox, fault: string): Promise<void> {
    const cause = await this.#diagnose(sandbox);
    const why = cause === undefined ? fault : `${cause} (${fault})`;
    this.#failuresInARow += 1;
    this.#lastFailure = why;
    const retryIn = Math.round(this.#backoff.failed());
    this.#options.logger.warn({ sandbox: shortId(sandbox.id), why, retryIn }, 'a sandbox failed to start');
  }

  /** The engine's diagnosis of the failure, without the sandbox's secrets, which servers like to print. */
  async #diagnose({ id, token }: Sandbox): Promise<string | undefined> {
    const { engine, logger } = this.#options;
    try {
      const found = await engine.diagnose(id);
      if (found === undefined) return undefined;
      return describeDiagnosis({ ...found, output: withoutSecrets(found.output, { id, token }) });
    } catch (error) {
      logger.debug({ sandbox: shortId(id), error: describeError(error) }, 'the engine knows no reason');
      return undefined;
    }
  }

  async #remove(sandbox: Sandbox): Promise<void> {
    const { clock, random, engine, logger, onRemoved } = this.#options;
    const retry = new Backoff(clock, random);
    // Removing a half-created sandbox would leave the other half behind; the engine's start has its own deadline.
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
