// Ends the sandboxes that have expired. Those that look idle are asked first what their kernels do.
import type { Clock } from '../../shared/clock.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import { findExpired } from '../sandboxes/expire.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { useByKernels } from './kernel-activity.ts';

/** How many sandboxes are asked at the same time. */
const MAX_QUESTIONS = 256;

export interface CullingOptions {
  readonly config: NodeAgentConfig;
  readonly pool: Pool;
  readonly clock: Clock;
}

export class Culling {
  readonly #options: CullingOptions;
  /** Ids of the sandboxes that have not answered yet. */
  readonly #asked = new Set<string>();
  readonly #stopping = new AbortController();

  constructor(options: CullingOptions) {
    this.#options = options;
  }

  /** Waits for no answer: a sandbox that gives none delays neither the end of others nor a stop. */
  endExpired(): void {
    const { config, pool } = this.#options;
    for (const { id, reason } of findExpired(pool.table.all(), config, pool.time.now())) {
      if (reason !== 'idle' || !config.keepBusy) pool.end(id, reason);
      // What is left is due again at the next turn.
      else if (!this.#asked.has(id) && this.#asked.size < MAX_QUESTIONS) void this.#endUnlessBusy(id);
    }
  }

  /** Gives up all questions. Their sandboxes go on: whether their kernels work is not known. */
  stop(): void {
    this.#stopping.abort();
  }

  async #endUnlessBusy(id: string): Promise<void> {
    const { config, pool, clock } = this.#options;
    const sandbox: Sandbox | undefined = pool.table.get(id);
    if (sandbox === undefined) return;
    const { signal } = this.#stopping;
    this.#asked.add(id);
    await useByKernels(sandbox, { pool, clock, config, signal });
    this.#asked.delete(id);
    if (signal.aborted) return;
    // Its reader may have come back while it was asked.
    for (const { reason } of findExpired([sandbox], config, pool.time.now())) pool.end(id, reason);
  }
}
