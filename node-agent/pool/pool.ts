// The pool: keeps warm sandboxes ready, gives each out once, and replaces every one that ends.
import { takesReaders } from '../../shared/protocol/node-state.ts';
import { type EndReason, isHeld } from '../../shared/protocol/sandbox-state.ts';
import { inWallTime, SteadyClock } from '../sandboxes/steady-clock.ts';
import { createSandbox, loggable, type Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { Sizing } from '../sizing/sizing.ts';
import { Claims, type PoolClaimOptions } from './claims.ts';
import { HealthCheck } from './health-check.ts';
import { ImageRollout } from './image-rollout.ts';
import { Launcher } from './launcher.ts';
import { planPool } from './plan.ts';
import { Reconciler } from './reconciler.ts';
import { Renewal } from './renewal.ts';
import { type PoolStatus, readStatus } from './status.ts';
import type { PoolOptions, PoolSettings } from './types.ts';

export class Pool {
  readonly settings: PoolSettings;
  readonly table = new SandboxTable();
  /** The clock of all times in the table. */
  readonly time: SteadyClock;
  readonly #options: PoolOptions;
  readonly #launcher: Launcher;
  readonly #reconciler: Reconciler;
  readonly #health: HealthCheck;
  readonly #claims: Claims;
  readonly #sizing: Sizing;
  readonly #rollout = new ImageRollout();
  readonly #renewal: Renewal;
  /** True from the end of `open` to the beginning of `close`; sandboxes start, and cold claims wait, only then. */
  #running = false;
  #closed = false;
  #acting = false;
  #actAgain = false;
  #soon: NodeJS.Immediate | undefined;

  constructor(options: PoolOptions) {
    const { engine, settings, clock, logger, journal, state, primer } = options;
    this.#renewal = new Renewal({ engine, rollout: this.#rollout, logger });
    this.#options = options;
    this.settings = settings;
    this.time = new SteadyClock(clock);
    this.#sizing = new Sizing(settings, clock);
    this.#health = new HealthCheck({
      ...{ clock, logger, probe: options.probe },
      onUnresponsive: ({ id }) => this.end(id, 'unresponsive'),
    });
    this.#claims = new Claims({
      ...{ table: this.table, time: this.time, health: this.#health, journal, clock },
      isOpen: () => takesReaders(state()),
      hasColdRoom: () => this.#running && this.status().cold > 0,
      end: (id, reason) => this.end(id, reason),
      onGiven: (sandbox, notebook) => primer?.given(sandbox, notebook),
      onChange: (given) => {
        if (given !== undefined) {
          // A canary comes whatever readers do.
          if (given.isCanary !== true) this.#sizing.claimed();
          this.#rollout.forget(given.id);
          this.#actSoon();
        } else this.act();
      },
      onReleased: (sandbox) => {
        // A newer image may have been found meanwhile.
        this.#rollout.compare([sandbox]);
        this.#claims.serveQueue();
        this.act();
      },
    });
    this.#reconciler = new Reconciler({
      ...{ runner: engine, table: this.table, logger },
      onExited: (id) => this.exited(id),
    });
    this.#launcher = new Launcher({
      ...options,
      startTimeoutMs: settings.startTimeoutMs,
      prime: primer && ((sandbox, signal) => primer.prime(sandbox, this.table, signal)),
      onStarted: (sandbox, seconds) => this.#started(sandbox, seconds),
      onFailed: (sandbox) => this.#failed(sandbox),
      onRemoved: (sandbox) => this.#removed(sandbox),
      onBackoffEnd: () => this.act(),
    });
  }

  /** Learns the image, adopts sandboxes of an earlier run, removes the rest, and begins to fill the pool. */
  async open(): Promise<void> {
    const { engine, journal } = this.#options;
    await this.#renewal.look();
    const adopted = await this.#reconciler.adopt(journal);
    // An engine knows only the recipes of its own run.
    for (const { image } of adopted) this.#rollout.started({ image, recipe: engine.recipe });
    this.#rollout.compare(adopted);
    await this.reconcile();
    this.#running = true;
    this.act();
  }

  /**
   * Claims a sandbox that answers, for a new owner; the claim is on disk when this resolves. When none is warm, but one is
   * starting or a slot is free, waits for it, first come, first served. Resolves to undefined at once when the node is
   * full or takes no readers; also after `waitMs`, when the reader goes, and when the claim cannot be written. No sandbox
   * is ever given out twice.
   */
  claim(options: PoolClaimOptions): Promise<Sandbox | undefined> {
    return this.#claims.claim(options);
  }

  /** Whether a reader who asks now should get a sandbox. */
  get hasRoom(): boolean {
    return this.#claims.hasRoom;
  }

  /**
   * Makes a claimed sandbox warm again, in the journal too. Only for a claim that no answer has named: the next reader gets
   * the same sandbox under a new key. Does nothing when it was used or is ending.
   */
  release(sandbox: Sandbox): void {
    this.#claims.release(sandbox);
  }

  /** Whether a reader's sandbox can serve them. A sandbox that was never used and does not answer is ended. */
  confirm(sandbox: Sandbox): Promise<boolean> {
    return this.#claims.confirm(sandbox);
  }

  /**
   * The reader has used the sandbox: a successful response that is not one of a poll, or data in either direction.
   * @param at by `time`; now, unless given
   */
  use(id: string, at = this.time.now()): void {
    this.table.use(id, at);
  }

  /** Begins to remove a sandbox; false when it is unknown or already ending. */
  end(id: string, reason: EndReason): boolean {
    const sandbox = this.table.get(id);
    if (sandbox === undefined || !this.table.end(sandbox, reason)) return false;
    this.#options.logger.info({ ...loggable(sandbox), reason }, 'sandbox ends');
    this.#launcher.abort(id);
    this.#options.onEnd(sandbox);
    this.#launcher.remove(sandbox);
    this.act();
    return true;
  }

  /** The engine reports that a sandbox stopped by itself. */
  exited(id: string): void {
    const sandbox = this.table.get(id);
    if (sandbox?.state === 'starting') this.#launcher.abort(id);
    else if (sandbox !== undefined && isHeld(sandbox.state)) void this.#explainEnd(id);
    else if (sandbox !== undefined) this.end(id, 'crashed');
  }

  /** Replaces all unclaimed sandboxes, step by step. Returns their number. */
  recycle(): number {
    const unclaimed = this.table.all().filter(({ state }) => state === 'warm' || state === 'starting');
    this.#rollout.recycle(unclaimed);
    this.act();
    return unclaimed.length;
  }

  /** Asks the image's source for a newer image. If there is one, replaces the unclaimed sandboxes and returns true. */
  async refresh(): Promise<boolean> {
    const changed = await this.#renewal.refresh();
    if (changed) this.#rollOver();
    return changed;
  }

  /** Whether the image or the recipe of a reload could not be taken over. */
  get isRenewalDue(): boolean {
    return this.#renewal.isDue;
  }

  /**
   * Takes over the image and the recipe that a reload has changed, as `refresh` does. Where that fails, those of before stay in use,
   * and `refresh` tries again.
   */
  async renew(): Promise<boolean> {
    const changed = await this.#renewal.renew();
    if (changed) this.#rollOver();
    return changed;
  }

  status(): PoolStatus {
    return readStatus({
      ...{ settings: this.settings, table: this.table, claims: this.#claims, launcher: this.#launcher },
      ...{ sizing: this.#sizing, rollout: this.#rollout, withheld: this.#options.withheld?.() },
    });
  }

  /** Compares the table with the engine: ends sandboxes that died unnoticed, removes those that are ours but unknown. */
  reconcile(): Promise<void> {
    return this.#reconciler.reconcile();
  }

  /** Checks warm sandboxes that have not answered for a while, and replaces those that do not answer. */
  checkWarm(): Promise<void> {
    return this.#health.sweep(this.table.inState('warm'));
  }

  /** Carries out the plan. Cheap, synchronous, and safe to call at any time, also from its own actions. */
  act(): void {
    this.#actAgain = true;
    if (this.#acting) return;
    this.#acting = true;
    while (this.#actAgain && this.#running) {
      this.#actAgain = false;
      this.#actOnce();
    }
    this.#acting = false;
  }

  /** Once for all claims of a burst: a plan looks at every sandbox. */
  #actSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      this.act();
    });
  }

  /** Starts nothing more; with `purge`, ends all sandboxes with the reason `shutdown` and waits for that. */
  async close(options: { readonly purge: boolean }): Promise<void> {
    this.#closed = true;
    this.#running = false;
    this.#launcher.stop();
    this.#health.stop();
    this.#claims.dismiss();
    if (options.purge) for (const { id } of this.table.all()) this.end(id, 'shutdown');
    await this.#launcher.settled();
  }

  #actOnce(): void {
    const state = this.#options.state();
    if (!takesReaders(state)) this.#claims.dismiss();
    this.#launcher.hurry(this.#claims.waiting);
    const { held, removing, withheld, warmTarget } = this.status();
    const plan = planPool({
      state,
      capacity: this.settings.capacity,
      // While starts fail, no reader waits for one. So one start is tried regardless, or the node would never recover.
      warmTarget: this.#launcher.problem === undefined ? warmTarget : Math.max(1, warmTarget),
      warm: this.table.inState('warm').map(({ id }) => id),
      starting: this.table.inState('starting').map(({ id }) => id),
      ...{ held, removing },
      waiting: this.#claims.waiting,
      stale: this.#rollout.stale,
      isTrial: this.#rollout.isTrial,
      maxStarting: this.#sizing.concurrency,
      mayStart: withheld === undefined && !this.#launcher.backingOff,
      paused: this.settings.paused,
    });
    for (const { id, reason } of plan.end) this.end(id, reason);
    for (let n = 0; n < plan.start; n += 1) {
      const sandbox = createSandbox({ ...this.#rollout.current, createdAt: this.time.now() });
      this.table.add(sandbox);
      this.#launcher.start(sandbox);
    }
  }

  #started(sandbox: Sandbox, seconds: number): void {
    this.#options.onStarted?.(seconds);
    this.#rollout.started(sandbox);
    this.#sizing.started(seconds);
    this.table.move(sandbox, 'warm');
    this.#health.answered(sandbox);
    this.#options.journal.warm(inWallTime(sandbox, this.time));
    this.#claims.serveQueue();
    this.act();
  }

  #failed({ id, image, recipe }: Sandbox): void {
    if (this.#closed) {
      this.end(id, 'shutdown');
      return;
    }
    this.#sizing.failed();
    const givenUp = this.#rollout.failed({ image, recipe });
    // Before the end, which acts: those that are no longer stale stay.
    if (givenUp !== undefined) this.#markStale();
    // Readers do not wait for a start that cannot happen: another node may have room.
    if (this.#launcher.problem !== undefined) this.#claims.dismiss();
    this.end(id, 'failed-start');
    if (givenUp === undefined) return;
    const { logger } = this.#options;
    const instead = this.#rollout.current;
    const isImage = givenUp.image !== instead.image;
    logger.error(
      { image: givenUp.image, instead: instead.image },
      isImage
        ? 'the new image does not start; going back'
        : 'no sandbox starts with the new command or limits; going back',
    );
  }

  /** Has unclaimed sandboxes of another image or recipe replaced. */
  #rollOver(): void {
    this.#markStale();
    this.act();
  }

  #markStale(): void {
    this.#sizing.forget();
    this.#launcher.forgetFailures();
    this.#rollout.compare(this.table.all());
  }

  /** Its reader is told why; until that is known, requests for it fail. */
  async #explainEnd(id: string): Promise<void> {
    const reason = await this.#launcher.whyStopped(id);
    if (!this.#closed) this.end(id, reason);
  }

  #removed(sandbox: Sandbox): void {
    this.table.forget(sandbox);
    this.#options.journal.end(sandbox.id);
    this.#rollout.forget(sandbox.id);
    this.act();
  }
}
