// Compares the pool's table with the engine's listing, and settles the difference. The listing is the truth, with one
// exception: a listing from which every known sandbox is missing is requested again before it is believed.
import { setTimeout as delay } from 'node:timers/promises';
import { shortId } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import type { EngineSandbox, SandboxRunner } from '../engine/engine.ts';
import { planAdoption } from '../sandboxes/adopt.ts';
import type { Journal } from '../sandboxes/claim-journal.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';

/** Time between two listings of an engine that seems to be empty. */
const ASK_AGAIN_MS = 1_000;

export interface ReconcilerOptions {
  readonly runner: Pick<SandboxRunner, 'list' | 'remove'>;
  readonly table: SandboxTable;
  readonly logger: Logger;
  /** Called for a sandbox that stopped without an event from the engine. */
  readonly onExited: (id: string) => void;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Adopts sandboxes that an earlier run left and the journal knows; forgets the rest. @returns the adopted ones */
  async adopt(journal: Journal): Promise<readonly Sandbox[]> {
    const { table, logger } = this.#options;
    const listed = await this.#list(new Set(journal.recorded.keys()));
    const adopted = planAdoption(listed, journal.recorded);
    for (const sandbox of adopted) table.add(sandbox);
    for (const id of journal.recorded.keys()) if (table.get(id) === undefined) journal.end(id);
    if (adopted.length > 0) logger.info({ adopted: adopted.length }, 'adopted the sandboxes of the last run');
    return adopted;
  }

  /** Ends sandboxes that died unnoticed, and removes those that belong to this node but are unknown. */
  async reconcile(): Promise<void> {
    const { runner, table, logger, onExited } = this.#options;
    // Only sandboxes known before the request can be judged by its answer; others may have come or gone meanwhile.
    const before = table.all();
    const wereKnown = new Set(before.map(({ id }) => id));
    const inEngine = before.filter(({ state, address }) => state !== 'removing' && address !== undefined);
    const expected = new Set(inEngine.map(({ id }) => id));
    const listed = await this.#list(expected);
    const running = new Set(listed.filter((sandbox) => sandbox.running).map(({ id }) => id));
    for (const id of expected) if (!running.has(id)) onExited(id);
    for (const { id } of listed) {
      if (wereKnown.has(id) || table.get(id) !== undefined) continue;
      logger.info({ sandbox: shortId(id) }, 'removing a sandbox without a recorded reader');
      await runner.remove(id);
      table.countEnding('orphaned');
    }
  }

  /**
   * The engine's listing. When it lists none of `expected`, not even a stopped one, the engine is asked a second time.
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
