// The nodes that --nodes names: added at the start, or as soon as the registry can be changed.
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { nodeIdFromUrl, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import type { OwnedRegistry } from './registry.ts';

/** Pause between two tries while the registry cannot be changed. ms */
const RETRY_MS = 1_000;

export interface SeedNodesOptions {
  /** @throws FleetError `bad-request` for what is no address of a node */
  readonly urls: readonly string[];
  readonly registry: Pick<OwnedRegistry, 'membership' | 'recovery'>;
  readonly logger: Logger;
}

export class SeedNodes {
  readonly #options: SeedNodesOptions;
  #missing: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #adding: Promise<void> | undefined;
  #isClosed = false;

  /** Resolves when each is added, was there already, or cannot be added for now. */
  static async add(options: SeedNodesOptions): Promise<SeedNodes> {
    const nodes = new SeedNodes(options);
    await nodes.#add();
    return nodes;
  }

  private constructor(options: SeedNodesOptions) {
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
    const { membership, recovery } = registry;
    const before = this.#missing;
    const missing: string[] = [];
    for (const url of before) {
      if (membership.members().some((member) => member.url === url)) continue;
      try {
        await membership.add({ id: nodeIdFromUrl(url), url });
      } catch (error) {
        if (recovery.status().state !== 'current') missing.push(url);
        // Another node has this id: an error in the log, but no reason to stop.
        else logger.error({ url, error: describeError(error) }, 'a node of --nodes could not be added');
      }
    }
    this.#missing = missing;
    if (missing.length === 0 || this.#isClosed) return;
    if (missing.length !== before.length || this.#timer === undefined)
      logger.warn({ nodes: missing }, 'the nodes of --nodes will be added when the registry can be changed');
    this.#timer = setTimeout(() => {
      this.#adding = this.#add();
    }, RETRY_MS).unref();
  }
}
