// The node's own state: ready, cordoned, draining until a deadline, drained. On disk before it takes effect.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { Clock } from '../shared/clock.ts';
import { describeError, errorCode, FleetError } from '../shared/errors.ts';
import type { Logger } from '../shared/logging.ts';
import { moveNode, NODE_STATES, type NodeEvent, type NodeState } from '../shared/node.ts';

const standingSchema = z.object({
  state: z.enum(NODE_STATES),
  /** ms since 1970; when a drain ends its readers. */
  deadline: z.number().nullable(),
  /** Whether the last drain had to. */
  forced: z.boolean().nullable(),
});
export type Standing = z.infer<typeof standingSchema>;

const READY: Standing = { state: 'ready', deadline: null, forced: null };

export class NodeStanding {
  readonly #path: string;
  readonly #clock: Clock;
  #standing: Standing;
  #leaving = false;

  /** Takes up where the last run left off. @throws FleetError `bad-config` when the directory cannot be used */
  constructor(dataDir: string, clock: Clock, logger: Logger) {
    this.#path = join(dataDir, 'node-state.json');
    this.#clock = clock;
    try {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new FleetError(
        'bad-config',
        `data-dir: ${JSON.stringify(dataDir)} cannot be used: ${describeError(cause)}`,
        { cause },
      );
    }
    this.#standing = this.#read(logger);
  }

  get current(): Standing {
    return this.#standing;
  }

  get state(): NodeState {
    return this.#leaving && this.#standing.state === 'ready' ? 'cordoned' : this.#standing.state;
  }

  /** The process stops: no reader is taken any more. Not on disk, for the next run is as this one was. */
  leave(): void {
    this.#leaving = true;
  }

  cordon(): Standing {
    return this.#move('cordon', { deadline: null, forced: null });
  }

  uncordon(): Standing {
    return this.#move('uncordon', { deadline: null, forced: null });
  }

  /** @param deadlineMs from now; 0 ends readers at once */
  drain(deadlineMs: number): Standing {
    return this.#move('drain', { deadline: this.#clock.now() + deadlineMs, forced: null });
  }

  /** To be called regularly: ends readers past the deadline through `endHeld`, and sees when nothing is left. */
  sweep(left: number, endHeld: () => number): void {
    if (this.#standing.state !== 'draining') return;
    const { deadline } = this.#standing;
    if (deadline !== null && this.#clock.now() >= deadline && left > 0 && endHeld() > 0) {
      this.#save({ ...this.#standing, forced: true });
    }
    if (left === 0) this.#move('emptied', { deadline: null, forced: this.#standing.forced ?? false });
  }

  #move(event: NodeEvent, rest: Omit<Standing, 'state'>): Standing {
    this.#save({ state: moveNode(this.#standing.state, event), ...rest });
    return this.#standing;
  }

  #save(standing: Standing): void {
    // Synchronous: an answer that says "cordoned" must still be true after a power cut.
    writeFileAtomic.sync(this.#path, `${JSON.stringify(standing)}\n`, { mode: 0o600 });
    this.#standing = standing;
  }

  #read(logger: Logger): Standing {
    try {
      return standingSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return READY;
      // Unreadable is not "ready": a node that was being drained must not fill up again by accident.
      logger.error(
        { path: this.#path, error: describeError(error) },
        'the node state cannot be read; cordoned until told otherwise',
      );
      return { ...READY, state: 'cordoned' };
    }
  }
}
