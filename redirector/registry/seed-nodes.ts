// The nodes that --nodes names: added at the start, or as soon as the registry can be changed.
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { nodeIdFromUrl, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import type { KeptRegistry } from './registry.ts';

/** How often a registry that was away is tried again. ms */
const TRY_AGAIN_MS = 1_000;

export interface ConfiguredNodesOptions {
  /** @throws FleetError `bad-request` for one that is no address */
  readonly urls: readonly string[];
  readonly registry: KeptRegistry;
  readonly logger: Logger;
}

export class ConfiguredNodes {
  readonly #options: ConfiguredNodesOptions;
  #missing: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #adding: Promise<void> | undefined;
  #isClosed = false;

  /** Resolves when each is added, was there already, or cannot be for now. */
  static async add(options: ConfiguredNodesOptions): Promise<ConfiguredNodes> {
    const nodes = new ConfiguredNodes(options);
    await nodes.#add();
    return nodes;
  }

  private constructor(options: ConfiguredNodesOptions) {
    this.#options = options;
    this.#missing = options.urls.map(normalizeNodeUrl);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#adding;
  }

  async #add(): Promise<void> {
    const { registry, logger } = this.#options;
    const before = this.#missing;
    const missing: string[] = [];
    for (const url of before) {
      if (registry.members().some((member) => member.url === url)) continue;
      try {
        await registry.add({ id: nodeIdFromUrl(url), url });
      } catch (error) {
        if (registry.status().state !== 'current') missing.push(url);
        // Its id is another's: the fleet is served all the same, and the operator is told.
        else logger.error({ url, error: describeError(error) }, 'a configured node could not be added');
      }
    }
    this.#missing = missing;
    if (missing.length === 0 || this.#isClosed) return;
    if (missing.length !== before.length || this.#timer === undefined)
      logger.warn({ nodes: missing }, 'configured nodes will be added when the registry can be changed');
    this.#timer = setTimeout(() => {
      this.#adding = this.#add();
    }, TRY_AGAIN_MS).unref();
  }
}
