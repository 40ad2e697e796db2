// Primes sandboxes: the kernel of the article's notebook runs before its reader comes, so that the page finds it ready. The
// page attaches to the session of exactly its own notebook; a sandbox whose reader opens another one is as it would have been
// without priming.
import { shortId } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { type PrimeConfig, type PrimeTarget, readPrimeCell } from '../engine/prime-options.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { chooseNotebook } from './choose-notebook.ts';
import { Jupyter } from './jupyter.ts';

/** Closing the session of a notebook that the reader does not open. ms */
const CLOSE_MS = 10_000;

export interface PrimerOptions {
  readonly targets: readonly PrimeTarget[];
  /** Run by each primed kernel; may be empty. */
  readonly cell: string;
  readonly logger: Logger;
}

/** Undefined where no notebook is to be primed. */
export function createPrimer(config: PrimeConfig, logger: Logger): Primer | undefined {
  if (config.prime.length === 0) return undefined;
  return new Primer({ targets: config.prime, cell: readPrimeCell(config), logger });
}

export class Primer {
  readonly #options: PrimerOptions;
  /** Kernels that the notebooks of an image name: a notebook may be large, and is read once. */
  readonly #kernels = new Map<string, string>();

  /** Sessions that are being opened, by sandbox. */
  readonly #openings = new Map<string, Promise<unknown>>();

  constructor(options: PrimerOptions) {
    this.#options = options;
  }

  /**
   * Starts the kernel of the notebook whose turn it is, and opens its page; resolves when both have answered.
   * @throws FleetError `start-failed`: a sandbox whose kernel does not start is of no use
   */
  async prime(sandbox: Sandbox, table: SandboxTable, signal: AbortSignal): Promise<void> {
    const { targets, cell } = this.#options;
    const unclaimed = [...table.inState('starting'), ...table.inState('warm')];
    const notebook = chooseNotebook(
      targets,
      unclaimed.flatMap(({ primed }) => primed ?? []),
    );
    if (notebook === undefined) return;
    sandbox.primed = notebook;
    const jupyter = new Jupyter(sandbox, signal);
    const opening = this.#kernelOf(jupyter, sandbox.image, notebook).then((kernel) =>
      jupyter.openSession(notebook, kernel),
    );
    this.#openings.set(sandbox.id, opening);
    const session = await opening.finally(() => this.#openings.delete(sandbox.id));
    await Promise.all([jupyter.warmUp(session, cell), jupyter.openPage(notebook)]);
  }

  /**
   * To be called when a reader has been given the sandbox: ends a kernel that is not of the notebook they open. Not awaited,
   * because the reader's own page needs nothing of it.
   */
  given(sandbox: Sandbox, notebook: string | undefined): void {
    const { primed } = sandbox;
    if (primed === undefined || primed === notebook) return;
    sandbox.primed = undefined;
    this.#close(sandbox, primed).catch((error: unknown) => {
      const fields = { sandbox: shortId(sandbox.id), error: describeError(error) };
      this.#options.logger.warn(fields, 'the kernel of a notebook that the reader does not open goes on');
    });
  }

  /** A session that is being opened could not be found yet, and would stay. */
  async #close(sandbox: Sandbox, notebook: string): Promise<void> {
    await this.#openings.get(sandbox.id)?.catch(() => undefined);
    await new Jupyter(sandbox, AbortSignal.timeout(CLOSE_MS)).closeSession(notebook);
  }

  async #kernelOf(jupyter: Jupyter, image: string, notebook: string): Promise<string> {
    const key = `${image}\n${notebook}`;
    const known = this.#kernels.get(key);
    if (known !== undefined) return known;
    const kernel = await jupyter.kernelOf(notebook);
    this.#kernels.set(key, kernel);
    return kernel;
  }
}
