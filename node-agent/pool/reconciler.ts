// Compares what the pool knows with what the engine has, and settles the difference. The listing is the truth, except
// one that has lost everything at once: that is asked for again before it is believed.
import { setTimeout as delay } from 'node:timers/promises';
import { shortId } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { EngineSandbox, SandboxRunner } from '../engine/engine.ts';
import { planAdoption } from '../sandboxes/adopt.ts';
import type { Journal } from '../sandboxes/journal.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';

/** Between two questions to an engine that seems to be empty. */
const ASK_AGAIN_MS = 1_000;

export interface ReconcilerOptions {
  readonly runner: Pick<SandboxRunner, 'list' | 'remove'>;
  readonly table: SandboxTable;
  readonly logger: Logger;
  /** One stopped without a word from the engine. */
  readonly onExited: (id: string) => void;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier run left and the journal knows; forgets what is gone. @returns the sandboxes that go on */
  async adopt(journal: Journal): Promise<readonly Sandbox[]> {
    const { table, logger } = this.#options;
    const listed = await this.#list(new Set(journal.recorded.keys()));
    const adopted = planAdoption(listed, journal.recorded);
    for (const sandbox of adopted) table.add(sandbox);
    for (const id of journal.recorded.keys()) if (table.get(id) === undefined) journal.end(id);
    if (adopted.length > 0) logger.info({ adopted: adopted.length }, 'sandboxes of the last run go on');
    return adopted;
  }

  /** Ends what died unnoticed, and removes what belongs to this node but is unknown. */
  async reconcile(): Promise<void> {
    const { runner, table, logger, onExited } = this.#options;
    // Only what was there before the question can be missing from the answer, or be there still and gone since.
    const before = table.all();
    const wereKnown = new Set(before.map(({ id }) => id));
    const inEngine = before.filter(({ state, address }) => state !== 'removing' && address !== undefined);
    const expected = new Set(inEngine.map(({ id }) => id));
    const listed = await this.#list(expected);
    const running = new Set(listed.filter((sandbox) => sandbox.running).map(({ id }) => id));
    for (const id of expected) if (!running.has(id)) onExited(id);
    for (const { id } of listed) {
      if (wereKnown.has(id) || table.get(id) !== undefined) continue;
      logger.info({ sandbox: shortId(id) }, 'removing a sandbox that no reader is known to have');
      await runner.remove(id);
      table.countEnding('orphaned');
    }
  }

  /**
   * What the engine has. When none of `expected` is in the answer, not even a stopped one, asks a second time.
   * @throws FleetError what the engine's listing throws
   */
  async #list(expected: ReadonlySet<string>): Promise<readonly EngineSandbox[]> {
    const { runner, logger } = this.#options;
    const listed = await runner.list();
    if (expected.size === 0 || listed.some(({ id }) => expected.has(id))) return listed;
    logger.warn(
      { expected: expected.size, listed: listed.length },
      'the engine seems emptied; asking it again',
    );
    await delay(ASK_AGAIN_MS);
    return runner.list();
  }
}
