// The firewall rules for all bridges of a node, and a loop that sets them again after something flushed them.
import { setInterval as every } from 'node:timers/promises';
import { describeError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../../shared/logging.ts';
import { egressChain } from '../names.ts';
import { EgressGuard } from './egress.ts';
import { type FirewallMode, HostFirewall } from './firewall.ts';

/** Firewall software of the host flushes rules of other programs. With egress, more depends on the rules. */
const RECHECK_MS = 60_000;
const EGRESS_RECHECK_MS = 2_000;

export interface NetworkRulesConfig {
  readonly egress: boolean;
  readonly egressDeny: readonly string[];
  readonly hostFirewall: FirewallMode;
}

export class NetworkRules {
  readonly #firewall: HostFirewall;
  readonly #egress: EgressGuard | undefined;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(config: NetworkRulesConfig, { nodeId, logger }: { nodeId: string; logger: Logger }) {
    this.#logger = logger;
    // With egress and without this rule, the other addresses of this host would count as internet.
    this.#firewall = new HostFirewall({ mode: config.egress ? 'require' : config.hostFirewall, logger });
    this.#egress = config.egress
      ? new EgressGuard({ chain: egressChain(nodeId), deny: config.egressDeny, logger })
      : undefined;
  }

  /**
   * Sets the rules of these bridges where they are missing; safe to repeat.
   * @throws FleetError `engine-unavailable` when a required rule cannot be set
   */
  async ensure(bridges: readonly string[]): Promise<void> {
    await this.#firewall.ensure(bridges);
    await this.#egress?.ensure(bridges);
  }

  /** Checks the rules of `bridges()` regularly until `stop`; calls `onFailure` when they cannot be set. */
  keep(bridges: () => readonly string[], onFailure: () => void): void {
    this.#loop ??= this.#recheck(bridges, onFailure);
  }

  /** Resolves when no check is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Removes the rules; best effort. */
  async remove(bridges: readonly string[]): Promise<void> {
    await this.#firewall.remove(bridges);
    await this.#egress?.remove(bridges);
  }

  async #recheck(bridges: () => readonly string[], onFailure: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const period = this.#egress === undefined ? RECHECK_MS : EGRESS_RECHECK_MS;
    try {
      for await (const _ of every(period, undefined, { signal, ref: false })) {
        await this.ensure(bridges()).catch((error: unknown) => {
          onFailure();
          this.#logger.error({ error: describeError(error) }, 'sandboxes can reach what they must not');
        });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
