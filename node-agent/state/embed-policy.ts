// Which sites may show this node's pages in a frame: those of its own `--embed-origins`, and those that a front has told it.
import { frameAncestors } from '../../shared/http/embedding.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeStateFile } from './state-file.ts';

export class EmbedPolicy {
  #own: readonly string[];
  readonly #file: NodeStateFile;
  readonly #logger: Logger;
  #origins: readonly string[];
  #policy: string;

  /** With what a front told in an earlier run, so that frames that are open survive a restart. */
  constructor(own: readonly string[], file: NodeStateFile, logger: Logger) {
    this.#own = own;
    this.#file = file;
    this.#logger = logger;
    this.#origins = this.#list();
    this.#policy = frameAncestors(this.#origins);
  }

  /** All of them. */
  get origins(): readonly string[] {
    return this.#origins;
  }

  get told(): readonly string[] {
    return this.#file.record.embedOrigins ?? [];
  }

  /** The directive. */
  readonly policy = (): string => this.#policy;

  /** The node's own list has changed. */
  setOwn(own: readonly string[]): void {
    this.#own = own;
    this.#apply();
  }

  tell(origins: readonly string[]): void {
    this.#file.save({ embedOrigins: [...origins] });
    this.#apply();
    this.#logger.info({ origins }, 'the front says which sites may show notebooks in a frame');
  }

  #apply(): void {
    this.#origins = this.#list();
    this.#policy = frameAncestors(this.#origins);
  }

  #list(): readonly string[] {
    return [...new Set([...this.#own, ...this.told])];
  }
}
