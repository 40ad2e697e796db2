// All networks of a node: the first always exists, and another is created when every existing one has as many sandboxes
// as a bridge can carry.
import type Dockerode from 'dockerode';
import type { Logger } from '../../../../shared/logging.ts';
import { callDocker } from '../connection.ts';
import { bridgeName, LABELS, networkName } from '../names.ts';
import { ensureNetwork, type NetworkPlan, removeNetwork } from './network.ts';

const DEADLINE_MS = 30_000;

export interface NetworksOptions {
  readonly docker: Dockerode;
  readonly nodeId: string;
  readonly egress: boolean;
  /** Most sandboxes on one network. */
  readonly size: number;
  readonly logger: Logger;
  /** Sets the rules for these bridges; no sandbox starts on a bridge before that has succeeded. */
  readonly guard: (bridges: readonly string[]) => Promise<void>;
}

/** The fields of a listed container that matter here. */
export interface Listed {
  readonly Labels: Readonly<Record<string, string>>;
  readonly NetworkSettings?: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

export class Networks {
  readonly #options: NetworksOptions;
  /** Numbers of the existing networks. */
  readonly #numbers = new Set<number>([1]);
  /** The network of each sandbox, including those that are starting. */
  readonly #places = new Map<string, number>();
  readonly #starting = new Set<string>();
  readonly #made = new Map<number, Promise<void>>();

  constructor(options: NetworksOptions) {
    this.#options = options;
  }

  get bridges(): readonly string[] {
    return [...this.#numbers].map((number) => bridgeName(this.#options.nodeId, number));
  }

  /** Creates the first, and checks the existing ones. @throws FleetError `conflict` when one is not safe */
  async open(): Promise<void> {
    const existing = await this.#existing();
    this.#numbers.clear();
    for (const number of [1, ...existing]) this.#numbers.add(number);
    for (const number of this.#numbers) await this.#make(number);
  }

  /** After a failure that a missing network can cause (`docker network prune`), makes the next start check them all again. */
  doubt(): void {
    this.#made.clear();
  }

  /**
   * Reserves a place for a sandbox until `forget`.
   * @returns the network's name
   */
  async place(id: string): Promise<string> {
    if (this.#made.size === 0) await this.open();
    const counts = new Map<number, number>();
    for (const number of this.#places.values()) counts.set(number, (counts.get(number) ?? 0) + 1);
    let number = 1;
    while ((counts.get(number) ?? 0) >= this.#options.size) number += 1;
    this.#places.set(id, number);
    this.#starting.add(id);
    try {
      await this.#make(number);
    } catch (error) {
      this.forget(id);
      throw error;
    }
    return networkName(this.#options.nodeId, number);
  }

  /** The start has succeeded or failed: from here on, listings include the sandbox. */
  started(id: string): void {
    this.#starting.delete(id);
  }

  forget(id: string): void {
    this.#places.delete(id);
    this.#starting.delete(id);
  }

  /** Replaces what is known by a listing, except for sandboxes that are starting. */
  observe(containers: readonly Listed[]): void {
    const listed = new Set<string>();
    for (const { Labels, NetworkSettings } of containers) {
      const id = Labels[LABELS.sandbox];
      const number = this.#numberOf(NetworkSettings?.Networks ?? {});
      if (id === undefined || number === undefined) continue;
      listed.add(id);
      this.#places.set(id, number);
    }
    for (const id of this.#places.keys()) {
      if (!listed.has(id) && !this.#starting.has(id)) this.#places.delete(id);
    }
  }

  /** A container's address on the one of our networks that it joined. */
  addressIn(networks: Readonly<Record<string, { readonly IPAddress: string }>>): string | undefined {
    const number = this.#numberOf(networks);
    if (number === undefined) return undefined;
    return networks[networkName(this.#options.nodeId, number)]?.IPAddress || undefined;
  }

  async remove(): Promise<void> {
    const { docker, nodeId, logger } = this.#options;
    for (const number of new Set([...this.#numbers, ...(await this.#existing())])) {
      await removeNetwork(docker, this.#plan(number), nodeId, logger);
    }
  }

  /** Concurrent callers share one creation; after a failure, the next call tries again. */
  #make(number: number): Promise<void> {
    const before = this.#made.get(number);
    if (before !== undefined) return before;
    const making = this.#makeNow(number);
    this.#made.set(number, making);
    making.catch(() => this.#made.delete(number));
    return making;
  }

  async #makeNow(number: number): Promise<void> {
    const { docker, nodeId, guard } = this.#options;
    const plan = this.#plan(number);
    await ensureNetwork(docker, plan, nodeId);
    this.#numbers.add(number);
    await guard([plan.bridge]);
  }

  #plan(number: number): NetworkPlan {
    const { nodeId, egress } = this.#options;
    return { name: networkName(nodeId, number), bridge: bridgeName(nodeId, number), number, egress };
  }

  #numberOf(networks: Readonly<Record<string, unknown>>): number | undefined {
    for (const number of this.#numbers) {
      if (networkName(this.#options.nodeId, number) in networks) return number;
    }
    return undefined;
  }

  /** Numbers of the networks that carry our label. */
  async #existing(): Promise<readonly number[]> {
    const { docker, nodeId } = this.#options;
    const filters = JSON.stringify({ label: [`${LABELS.node}=${nodeId}`] });
    const found = await callDocker({ what: 'list networks', deadlineMs: DEADLINE_MS }, () =>
      docker.listNetworks({ filters }),
    );
    return found.map(({ Labels }) => Number(Labels?.[LABELS.network] ?? 1)).filter(Number.isInteger);
  }
}
