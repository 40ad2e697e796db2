// The present size of the pool: the configured one, unless an operator set another at run time. Such an override
// survives restarts until the option that it replaces is configured to another value: the newer of the two counts.
import { FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { NodeStateFile, PoolOverride } from '../state/state-file.ts';
import type { PoolSettings } from './types.ts';

/** `null` returns to the configured value; undefined changes nothing. `warm` may be Infinity: all slots. */
export interface Resize {
  readonly capacity?: number | null | undefined;
  readonly warm?: number | null | undefined;
}

type Configured = Pick<
  NodeAgentConfig,
  'capacity' | 'warm' | 'warmFollow' | 'warmMax' | 'concurrentStarts' | 'book' | 'startTimeoutMs'
>;

const NO_OVERRIDE: PoolOverride = { paused: false, capacity: null, warm: null };

export class AdjustablePoolSettings implements PoolSettings {
  readonly concurrentStarts: number;
  readonly book: NodeAgentConfig['book'];
  readonly startTimeoutMs: number;
  readonly #file: NodeStateFile;
  readonly #configured: Configured;
  readonly #logger: Logger;

  constructor(file: NodeStateFile, configured: Configured, logger: Logger) {
    this.#file = file;
    this.#configured = configured;
    this.concurrentStarts = configured.concurrentStarts;
    this.book = configured.book;
    this.startTimeoutMs = configured.startTimeoutMs;
    this.#logger = logger;
    this.reload();
    if (this.paused)
      logger.warn('the pool is paused, as an operator ordered: nothing is started until it is resumed');
  }

  get warmFollow(): boolean {
    return this.#configured.warmFollow;
  }

  get warmMax(): number {
    return this.#configured.warmMax;
  }

  get capacity(): number {
    return this.#override.capacity?.now ?? this.#configured.capacity;
  }

  get warm(): number {
    const { warm } = this.#override;
    return warm === null ? this.#configured.warm : read(warm.now);
  }

  get paused(): boolean {
    return this.#override.paused;
  }

  /** For `GET /api/status`. */
  describe() {
    const { capacity, warm } = this.#configured;
    return {
      capacity: this.capacity,
      warm: write(this.warm),
      paused: this.paused,
      configured: { capacity, warm: write(warm) },
    };
  }

  pause(paused: boolean): void {
    this.#save({ paused });
  }

  /** @throws FleetError `bad-request` when `warm` is more than the capacity */
  resize(to: Resize): void {
    const configured = this.#configured;
    const capacity = to.capacity === undefined ? this.capacity : (to.capacity ?? configured.capacity);
    const warm = to.warm === undefined ? undefined : (to.warm ?? configured.warm);
    if (warm !== undefined && Number.isFinite(warm) && warm > capacity) {
      throw new FleetError('bad-request', `warm: ${warm} is more than the capacity, which is ${capacity}`, {
        remedy: `give ${capacity} or fewer, "all", or a larger capacity with it`,
      });
    }
    this.#save({
      ...(to.capacity === undefined
        ? {}
        : { capacity: overrideUnlessSame(to.capacity, configured.capacity) }),
      ...(to.warm === undefined
        ? {}
        : { warm: overrideUnlessSame(to.warm === null ? null : write(to.warm), write(configured.warm)) }),
    });
  }

  get #override(): PoolOverride {
    return this.#file.record.pool ?? NO_OVERRIDE;
  }

  #save(changes: Partial<PoolOverride>): void {
    this.#file.save({ pool: { ...this.#override, ...changes } });
  }

  /** The configuration may have changed. */
  reload(): void {
    const configured = { capacity: this.#configured.capacity, warm: write(this.#configured.warm) };
    for (const name of ['capacity', 'warm'] as const) {
      const said = this.#override[name];
      if (said === null || said.configured === configured[name]) continue;
      const fields = { was: said.configured, resized: said.now, now: configured[name] };
      this.#logger.warn(
        fields,
        `${name} is configured to another value, so what it was resized to at run time no longer counts`,
      );
      this.#save({ [name]: null });
    }
  }
}

/** A value that equals the configured one is no override. */
function overrideUnlessSame<T>(now: T | null, configured: T): { now: T; configured: T } | null {
  return now === null || now === configured ? null : { now, configured };
}

/** JSON has no Infinity. */
function write(warm: number): number | 'all' {
  return Number.isFinite(warm) ? warm : 'all';
}

function read(warm: number | 'all'): number {
  return warm === 'all' ? Number.POSITIVE_INFINITY : warm;
}
