// The pool: keeps warm sandboxes ready, hands each out once, and makes good whatever ends.
import { type Clock, newNonce, newSandboxId, type Random, shortId } from '../../shared/clock.ts';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import type { Logger } from '../../shared/logging.ts';
import { type NodeState, takesReaders } from '../../shared/protocol/node-state.ts';
import { type EndReason, isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Engine } from '../engine/engine.ts';
import { planAdoption } from '../sandboxes/adopt.ts';
import type { Journal } from '../sandboxes/journal.ts';
import { type Counts, type Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { Sizing, type SizingSettings } from '../sizing/sizing.ts';
import { ImageRollout } from './image-rollout.ts';
import { Launcher } from './launcher.ts';
import { coldRoom, planPool } from './plan.ts';
import { WaitQueue } from './wait-queue.ts';

export interface PoolSettings extends SizingSettings {
  readonly capacity: number;
  /** Nothing is started. This and the sizes may change at any time; `act` follows. */
  readonly paused: boolean;
  /** ms within which a sandbox must answer, from the moment it is asked for. */
  readonly startDeadline: number;
}

export interface PoolOptions {
  readonly engine: Engine;
  readonly journal: Journal;
  readonly settings: PoolSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The node's state, asked whenever it matters. */
  readonly state: () => NodeState;
  /** Why nothing may be started just now; undefined when it may. */
  readonly withheld?: () => string | undefined;
  /** A sandbox is being taken away: its connections should end. */
  readonly onEnd: (sandbox: Sandbox) => void;
  /** Seconds a start took; for metrics. */
  readonly onStarted?: (seconds: number) => void;
}

/** Uses are written down so far apart; a restart may take a sandbox to be idle for that much longer. */
const RECORD_USE_MS = 60_000;

/** How many crashed sandboxes are remembered, so that their readers read why. */
const REMEMBERED_CRASHES = 1000;

export class Pool {
  readonly settings: PoolSettings;
  readonly table = new SandboxTable();
  readonly #options: PoolOptions;
  readonly #launcher: Launcher;
  readonly #queue = new WaitQueue<Sandbox>();
  readonly #sizing: Sizing;
  readonly #stale = new Set<string>();
  readonly #crashed = new BoundedMap<string, true>(REMEMBERED_CRASHES);
  /** Between the end of `open` and the beginning of `close`: only then is anything started, or given out cold. */
  #running = false;
  #closed = false;
  #claims = 0;
  #imagesGivenUp = 0;
  readonly #rollout = new ImageRollout();
  #acting = false;
  #actAgain = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#sizing = new Sizing(options.settings, options.clock);
    this.#launcher = new Launcher({
      ...options,
      startDeadline: options.settings.startDeadline,
      onStarted: (sandbox, seconds) => this.#started(sandbox, seconds),
      onFailed: (sandbox) => this.#failed(sandbox),
      onRemoved: (sandbox) => this.#removed(sandbox),
      onBackoffEnd: () => this.act(),
    });
  }

  /** Learns the image, takes up what an earlier run left, clears away the rest, and begins to fill. */
  async open(): Promise<void> {
    const { engine, journal, logger } = this.#options;
    this.#rollout.offer(await engine.image());
    const adopted = planAdoption(await engine.list(), journal.recorded);
    for (const sandbox of adopted) {
      this.table.add(sandbox);
      this.#rollout.started(sandbox.image);
      if (sandbox.image !== this.image && sandbox.state === 'warm') this.#stale.add(sandbox.id);
    }
    if (adopted.length > 0) logger.info({ adopted: adopted.length }, 'sandboxes of the last run go on');
    for (const id of journal.recorded.keys()) if (this.table.get(id) === undefined) journal.end(id);
    await this.reconcile();
    this.#running = true;
    this.act();
  }

  /** A warm sandbox, now bound to a new owner; undefined when there is none. Never gives one out twice. */
  claim(): Sandbox | undefined {
    if (!takesReaders(this.#options.state())) return undefined;
    const sandbox = this.table.firstWarm();
    return sandbox === undefined ? undefined : this.#give(sandbox);
  }

  /**
   * Like `claim`, but where a start is under way or there is a free slot, waits for it: first come, first served.
   * Undefined at once when the node is full, or after `ms`, or when `signal` aborts.
   */
  async claimSoon(ms: number, signal: AbortSignal): Promise<Sandbox | undefined> {
    const warm = this.claim();
    if (warm !== undefined) return warm;
    if (this.coldRoom() <= 0 || !this.#running || !takesReaders(this.#options.state())) return undefined;
    const turn = this.#queue.join(ms, signal);
    this.act();
    return turn;
  }

  /** Slots in which a reader who comes now could still be started one. */
  coldRoom(): number {
    const { capacity, paused } = this.settings;
    const withheld = paused || this.withheld !== undefined;
    return coldRoom({ ...this.table.counts(), capacity, paused: withheld, waiting: this.#queue.length });
  }

  /** Why nothing is started just now, in words; an operator's own word needs none. */
  get withheld(): string | undefined {
    return this.#options.withheld?.();
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** The claim on disk, so that a restart knows whose it is; false, and the sandbox goes, when that fails. */
  async keepClaim(sandbox: Sandbox): Promise<boolean> {
    try {
      await this.#options.journal.claim(sandbox);
      return true;
    } catch {
      this.end(sandbox.id, 'unclaimed');
      return false;
    }
  }

  /** Writes down who has been seen lately; a restart then goes on counting from there. */
  recordUse(): void {
    for (const { id, state, lastUse } of this.table.all()) {
      if (state !== 'active' || lastUse === undefined) continue;
      const recorded = this.#options.journal.recorded.get(id)?.lastUse ?? 0;
      if (lastUse - recorded >= RECORD_USE_MS) this.#options.journal.use(id, lastUse);
    }
  }

  /** A successful response or a data frame: the reader is there. */
  use(id: string): void {
    const sandbox = this.table.get(id);
    if (sandbox === undefined) return;
    if (sandbox.state === 'claimed') this.table.move(sandbox, 'active');
    if (sandbox.state === 'active') sandbox.lastUse = this.#options.clock.now();
  }

  /** Begins to take a sandbox away; false when it is unknown or already going. */
  end(id: string, reason: EndReason): boolean {
    const sandbox = this.table.get(id);
    if (sandbox === undefined || !this.table.end(sandbox, reason)) return false;
    this.#options.logger.info({ sandbox: shortId(id), reason }, 'sandbox ends');
    if (reason === 'crashed') this.#crashed.set(id, true);
    this.#launcher.abort(id);
    this.#options.onEnd(sandbox);
    this.#launcher.remove(sandbox);
    this.act();
    return true;
  }

  /** The engine's hint that one stopped by itself. */
  exited(id: string): void {
    const sandbox = this.table.get(id);
    if (sandbox?.state === 'starting') this.#launcher.abort(id);
    else if (sandbox !== undefined) this.end(id, 'crashed');
  }

  hasCrashed(id: string): boolean {
    return this.#crashed.has(id);
  }

  /** All unclaimed ones give way to new ones, step by step. Returns how many. */
  recycle(): number {
    const unclaimed = this.table.all().filter(({ state }) => state === 'warm' || state === 'starting');
    for (const { id } of unclaimed) this.#stale.add(id);
    this.act();
    return unclaimed.length;
  }

  /** Asks the image's source for a newer one; when there is one, the pool rolls over to it. */
  async refresh(): Promise<boolean> {
    const changed = this.#rollout.offer(await this.#options.engine.image({ pull: true }));
    if (changed) this.#rollOver();
    return changed;
  }

  get image(): string {
    return this.#rollout.current;
  }

  /** How many are to be ready and unclaimed just now. */
  get warmTarget(): number {
    return Math.min(this.settings.capacity, this.#sizing.warmTarget());
  }

  /** How many are started at one time just now. */
  get concurrency(): number {
    return this.#sizing.concurrency;
  }

  /** How many have yet to give way to new ones. */
  get stale(): number {
    return this.#stale.size;
  }

  get claims(): number {
    return this.#claims;
  }

  /** Removals that the engine refused or failed, and images that were given up; for metrics. */
  get troubles(): { readonly failedRemovals: number; readonly imagesGivenUp: number } {
    return { failedRemovals: this.#launcher.failedRemovals, imagesGivenUp: this.#imagesGivenUp };
  }

  counts(): Counts {
    return this.table.counts();
  }

  /** Listing is the truth: ends what died unnoticed, and removes what is ours but unknown. */
  async reconcile(): Promise<void> {
    // Only what was there before the question can be missing from the answer, or be there still and gone since.
    const before = this.table.all();
    const known = before.filter(({ state, address }) => state !== 'removing' && address !== undefined);
    const wereKnown = new Set(before.map(({ id }) => id));
    const listed = await this.#options.engine.list();
    const running = new Map(listed.map((sandbox) => [sandbox.id, sandbox.running]));
    for (const { id } of known) if (running.get(id) !== true) this.exited(id);
    for (const { id } of listed) {
      if (wereKnown.has(id) || this.table.get(id) !== undefined) continue;
      this.#options.logger.info({ sandbox: shortId(id) }, 'removing a sandbox that nobody is known to have');
      await this.#options.engine.remove(id);
      this.table.countEnding('orphaned');
    }
  }

  /** Does what the plan says. Cheap, synchronous, and safe to call at any time, also from what it does itself. */
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

  /** Starts nothing more; with `purge`, ends everything as `shutdown` and waits for it. */
  async close(options: { readonly purge: boolean }): Promise<void> {
    this.#closed = true;
    this.#running = false;
    this.#launcher.stop();
    this.#queue.dismiss();
    if (options.purge) for (const { id } of this.table.all()) this.end(id, 'shutdown');
    await this.#launcher.settled();
  }

  #actOnce(): void {
    const state = this.#options.state();
    if (!takesReaders(state)) this.#queue.dismiss();
    const { held, removing } = this.table.counts();
    const plan = planPool({
      state,
      capacity: this.settings.capacity,
      warmTarget: this.warmTarget,
      warm: this.table.inState('warm').map(({ id }) => id),
      starting: this.table.inState('starting').map(({ id }) => id),
      held,
      removing,
      waiting: this.#queue.length,
      stale: this.#stale,
      maxStarting: this.#sizing.concurrency,
      mayStart: this.withheld === undefined && !this.#launcher.backingOff,
      paused: this.settings.paused,
    });
    for (const { id, reason } of plan.end) this.end(id, reason);
    for (let n = 0; n < plan.start; n += 1) this.#launcher.start(this.#newSandbox());
  }

  #give(sandbox: Sandbox): Sandbox {
    this.table.move(sandbox, 'claimed');
    sandbox.owner = newNonce();
    sandbox.claimedAt = this.#options.clock.now();
    this.#claims += 1;
    this.#sizing.claimed();
    this.#stale.delete(sandbox.id);
    this.act();
    return sandbox;
  }

  #started(sandbox: Sandbox, seconds: number): void {
    this.#options.onStarted?.(seconds);
    this.#rollout.started(sandbox.image);
    this.#sizing.started(seconds);
    this.table.move(sandbox, 'warm');
    this.#options.journal.warm(sandbox);
    this.#serveQueue();
    this.act();
  }

  #failed({ id, image }: Sandbox): void {
    if (!this.#closed) this.#sizing.failed();
    const givenUp = this.#closed ? undefined : this.#rollout.failed(image);
    this.end(id, this.#closed ? 'shutdown' : 'failed-start');
    if (givenUp === undefined) return;
    this.#imagesGivenUp += 1;
    const fields = { image: givenUp, instead: this.image };
    this.#options.logger.error(fields, 'the new image does not start; going back');
    this.#rollOver();
  }

  /** Those that nobody holds give way to such of the image that is wanted now. */
  #rollOver(): void {
    this.#sizing.forget();
    for (const { id, state, image } of this.table.all()) {
      if (image === this.image) this.#stale.delete(id);
      else if (!isHeld(state)) this.#stale.add(id);
    }
    this.act();
  }

  #removed(sandbox: Sandbox): void {
    this.table.forget(sandbox);
    this.#options.journal.end(sandbox.id);
    this.#stale.delete(sandbox.id);
    this.act();
  }

  #newSandbox(): Sandbox {
    const sandbox: Sandbox = {
      id: newSandboxId(),
      token: newSandboxId(),
      createdAt: this.#options.clock.now(),
      state: 'starting',
      address: undefined,
      image: this.image,
      owner: undefined,
      claimedAt: undefined,
      lastUse: undefined,
      endReason: undefined,
    };
    this.table.add(sandbox);
    return sandbox;
  }

  /** A warm one goes straight to whoever waits longest. */
  #serveQueue(): void {
    while (this.#queue.length > 0) {
      const sandbox = this.table.firstWarm();
      if (sandbox === undefined) return;
      // The line is asked first: a reader who has gone must not cost a sandbox.
      if (!this.#queue.serve(() => this.#give(sandbox))) return;
    }
  }
}
