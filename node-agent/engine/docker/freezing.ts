// Freezes containers: Docker's pause, and then the kernel's reclaim of their memory where this host has swap.
import type Dockerode from 'dockerode';
import pLimit from 'p-limit';
import { shortId } from '../../../shared/clock.ts';
import { describeError, FleetError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/logging.ts';
import type { FreezeSavings } from '../engine.ts';
import { forbidSwap, type MemoryGroup, memoryGroupOf, pushOut, swapBytes } from '../memory-reclaim.ts';
import { callDocker, reasonOf, statusOf } from './connection.ts';

const DEADLINE_MS = 15_000;
/** It takes processor time, or the disk, from readers. */
const CONCURRENT_RECLAIMS = 1;

export interface FreezingOptions {
  readonly container: (id: string) => Dockerode.Container;
  /** Whether Docker runs on this host. */
  readonly isLocal: boolean;
  readonly logger: Logger;
}

export class ContainerFreezing {
  readonly #options: FreezingOptions;
  /** What ends the reclaim of each frozen container's memory. */
  readonly #frozen = new Map<string, AbortController>();
  readonly #reclaims = pLimit(CONCURRENT_RECLAIMS);

  constructor(options: FreezingOptions) {
    this.#options = options;
  }

  async savings(): Promise<FreezeSavings> {
    const missing = await this.#missingForMemory();
    return { cpu: true, memory: missing === '', missing };
  }

  async freeze(id: string): Promise<void> {
    const container = this.#options.container(id);
    await pause(container);
    this.forget(id);
    const ended = new AbortController();
    this.#frozen.set(id, ended);
    void this.#reclaims(() => this.#reclaim(id, ended.signal));
  }

  async thaw(id: string): Promise<void> {
    this.forget(id);
    await unpause(this.#options.container(id));
    void this.#forbidSwap(id);
  }

  /** Nothing more of its memory is pushed out. */
  forget(id: string): void {
    this.#frozen.get(id)?.abort();
    this.#frozen.delete(id);
  }

  async #missingForMemory(): Promise<string> {
    if (!this.#options.isLocal) return 'Docker is not on this host';
    if ((await swapBytes()) === 0) return 'this host has no swap';
    return process.getuid?.() === 0 ? '' : 'the node-agent does not run as root';
  }

  async #reclaim(id: string, signal: AbortSignal): Promise<void> {
    try {
      const group = signal.aborted ? undefined : await this.#groupOf(id);
      if (group === undefined || signal.aborted) return;
      await pushOut(group, signal);
      // Thawed meanwhile, perhaps before swap was allowed.
      if (signal.aborted) await forbidSwap(group);
    } catch (error) {
      this.#note(id, error);
    }
  }

  /** Also of one that an earlier run has frozen. */
  async #forbidSwap(id: string): Promise<void> {
    try {
      const group = await this.#groupOf(id);
      if (group !== undefined && !this.#frozen.has(id)) await forbidSwap(group);
    } catch (error) {
      this.#note(id, error);
    }
  }

  /** Undefined where its memory cannot go to swap. */
  async #groupOf(id: string): Promise<MemoryGroup | undefined> {
    if ((await this.#missingForMemory()) !== '') return undefined;
    const { Id, State } = await callDocker(
      { what: 'inspect a container', deadlineMs: DEADLINE_MS },
      (abortSignal) => this.#options.container(id).inspect({ abortSignal }),
    );
    const group = State.Running ? await memoryGroupOf(State.Pid) : undefined;
    // The number may be another process's here, where this program is in a container itself.
    return group?.dir.includes(Id) === true ? group : undefined;
  }

  #note(id: string, error: unknown): void {
    const fields = { sandbox: shortId(id), error: describeError(error) };
    this.#options.logger.debug(fields, 'the memory of a frozen sandbox could not be pushed out');
  }
}

async function pause(container: Dockerode.Container): Promise<void> {
  try {
    await callDocker({ what: 'pause a container', deadlineMs: DEADLINE_MS }, (abortSignal) =>
      container.pause({ abortSignal }),
    );
  } catch (cause) {
    const reason = reasonOf(cause);
    if (statusOf(cause) === undefined) throw cause;
    if (/already paused/i.test(reason)) return;
    if (statusOf(cause) === 404)
      throw new FleetError('not-found', 'the engine has no such sandbox any more', { cause });
    throw new FleetError('conflict', `the sandbox cannot be frozen: ${reason}`, { cause });
  }
}

async function unpause(container: Dockerode.Container): Promise<void> {
  try {
    await callDocker({ what: 'resume a container', deadlineMs: DEADLINE_MS }, (abortSignal) =>
      container.unpause({ abortSignal }),
    );
  } catch (cause) {
    const reason = reasonOf(cause);
    if (statusOf(cause) === 404 || /is not paused|not running/i.test(reason)) return;
    if (statusOf(cause) === undefined) throw cause;
    throw new FleetError('engine-unavailable', `Docker could not resume a container: ${reason}`, { cause });
  }
}
