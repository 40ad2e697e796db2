// Whether this host has memory and disk to spare. Where it has not, nothing more is started: the sandboxes that are there,
// and the host itself, would be the ones to suffer.
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { formatBytes } from '../../shared/config/units.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';

export interface HostResourcesOptions {
  /** Bytes that must be left; 0: never mind. */
  readonly minFreeMemory: number;
  readonly minFreeDisk: number;
  /** Directories on the disks that matter; asked each time, as an engine learns of its own when it opens. */
  readonly dirs: () => readonly string[];
  readonly logger: Logger;
}

export interface Measured {
  /** Bytes that are available without swapping (Linux' MemAvailable). */
  readonly memory: number;
  /** Bytes free for us, by directory. */
  readonly disks: Readonly<Record<string, number>>;
}

export class HostResources {
  readonly #options: HostResourcesOptions;
  #measured: Measured = { memory: freemem(), disks: {} };
  #shortage: string | undefined;

  constructor(options: HostResourcesOptions) {
    this.#options = options;
  }

  /** What there is too little of, in words; undefined when all is well. As of the last look. */
  get shortage(): string | undefined {
    return this.#shortage;
  }

  get measured(): Measured {
    return this.#measured;
  }

  async look(): Promise<void> {
    const { dirs, logger } = this.#options;
    const entries = await Promise.all([...new Set(dirs())].map((dir) => this.#free(dir)));
    this.#measured = { memory: freemem(), disks: Object.fromEntries(entries.flat()) };
    const before = this.#shortage;
    this.#shortage = this.#judge();
    if ((before === undefined) === (this.#shortage === undefined)) return;
    if (this.#shortage === undefined) logger.info('this host has room again: sandboxes are started');
    else logger.error({ why: this.#shortage }, 'NO SANDBOX IS STARTED until this host has room again');
  }

  #judge(): string | undefined {
    const { minFreeMemory, minFreeDisk } = this.#options;
    const { memory, disks } = this.#measured;
    if (memory < minFreeMemory) return tooLittle('memory', memory, 'min-free-memory', minFreeMemory);
    const full = Object.entries(disks).find(([, free]) => free < minFreeDisk);
    return full && tooLittle(`disk at ${full[0]}`, full[1], 'min-free-disk', minFreeDisk);
  }

  /** Docker may run where its directory is not to be seen from here. */
  async #free(dir: string): Promise<readonly (readonly [string, number])[]> {
    try {
      const { bavail, bsize } = await statfs(dir);
      return [[dir, bavail * bsize]];
    } catch (error) {
      this.#options.logger.debug(
        { dir, error: describeError(error) },
        'the free space of that disk cannot be read',
      );
      return [];
    }
  }
}

function tooLittle(what: string, free: number, name: string, least: number): string {
  return `${Math.floor(free / 1024 ** 2)} MiB of ${what} are left, and ${name} is ${formatBytes(least)}`;
}
