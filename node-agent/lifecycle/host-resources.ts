// Measures the host's free memory and disk space. When there is too little, no sandbox is started, because the running
// sandboxes and the host itself would suffer.
import { statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { formatBytes } from '../../shared/config/units.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';

export interface HostResourcesOptions {
  /** Bytes that must stay free; 0 disables the check. */
  readonly config: { readonly minFreeMemoryBytes: number; readonly minFreeDiskBytes: number };
  /** Directories on the disks that matter; asked each time, because an engine knows its own only after it opened. */
  readonly dirs: () => readonly string[];
  readonly logger: Logger;
}

export interface Measured {
  /** Bytes that are available without swapping (Linux' MemAvailable). */
  readonly memory: number;
  /** Bytes that this user can write, by directory. */
  readonly disks: Readonly<Record<string, number>>;
}

export class HostResources {
  readonly #options: HostResourcesOptions;
  #measured: Measured = { memory: freemem(), disks: {} };
  #shortage: string | undefined;

  constructor(options: HostResourcesOptions) {
    this.#options = options;
  }

  /** Description of the shortage; undefined when there is none. As of the last measurement. */
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
    if (this.#shortage === undefined) logger.info('this host has room again; sandboxes are started');
    else logger.error({ why: this.#shortage }, 'NO SANDBOX IS STARTED until this host has room again');
  }

  #judge(): string | undefined {
    const { minFreeMemoryBytes, minFreeDiskBytes } = this.#options.config;
    const { memory, disks } = this.#measured;
    if (memory < minFreeMemoryBytes)
      return tooLittle('memory', memory, 'min-free-memory', minFreeMemoryBytes);
    const full = Object.entries(disks).find(([, free]) => free < minFreeDiskBytes);
    return full && tooLittle(`disk at ${full[0]}`, full[1], 'min-free-disk', minFreeDiskBytes);
  }

  /** Docker's directory may be invisible from here, for example from inside a container. */
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
