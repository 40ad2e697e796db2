// The fleet as the control API gives it: nodes with what was counted of them, and the totals.
import type { FleetJson, NodeJson } from '../../shared/api/node.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Registry } from '../../shared/metrics.ts';
import { VERSION } from '../../shared/version.ts';
import type { FleetTally } from '../fleet-page/history.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { describeNode } from '../nodes/node-json.ts';
import type { NodeView } from '../nodes/node-view.ts';

export interface FleetDescriberOptions {
  readonly fleet: Fleet;
  /** Where bounces are counted by node. */
  readonly metrics: Registry;
  /** The key under which nodes report the tickets of ours that they have seen; undefined without a secret. */
  readonly ourKey: string | undefined;
  readonly clock: Clock;
  readonly tally: () => Promise<FleetTally>;
}

export class FleetDescriber {
  readonly #options: FleetDescriberOptions;

  constructor(options: FleetDescriberOptions) {
    this.#options = options;
  }

  async node(view: NodeView): Promise<NodeJson> {
    return this.#describe(view, await this.#bounces());
  }

  async nodes(): Promise<NodeJson[]> {
    const bounces = await this.#bounces();
    return [...this.#options.fleet.views()].map((view) => this.#describe(view, bounces));
  }

  async fleet(): Promise<FleetJson> {
    const { clock, tally } = this.#options;
    const [nodes, counted] = await Promise.all([this.nodes(), tally()]);
    return {
      at: new Date(clock.now()).toISOString(),
      version: VERSION,
      nodes,
      waiting: counted.waiting,
      arrivals_total: counted.arrivals,
      redirects_total: nodes.reduce((sum, node) => sum + node.redirects_total, 0),
      bounces_total: counted.bounces,
      refusals_total: counted.refused,
      slo: await this.#slo(),
    };
  }

  #describe(view: NodeView, bounces: ReadonlyMap<string, number>): NodeJson {
    const { ourKey, clock } = this.#options;
    return describeNode(view, { ourKey, now: clock.now(), bounces: bounces.get(view.member.id) ?? 0 });
  }

  /** A reader is counted by the front and by their node, and is late by either. */
  async #slo(): Promise<FleetJson['slo']> {
    const { fleet, metrics } = this.#options;
    const read = async (name: string): Promise<number> =>
      (await metrics.getSingleMetric(name)?.get())?.values[0]?.value ?? 0;
    const [sent, sentInTime] = await Promise.all([
      read('tmpfleet_slo_readers_total'),
      read('tmpfleet_slo_good_readers_total'),
    ]);
    let [served, late] = [0, sent - sentInTime];
    for (const { stats } of fleet.views()) {
      const { readers = 0, good = 0 } = stats?.fleet?.slo ?? {};
      served += readers;
      // A node may be stolen, and say anything.
      late += Math.max(0, readers - good);
    }
    return { readers_total: Math.max(sent, served), late_total: late };
  }

  /** By node id. */
  async #bounces(): Promise<ReadonlyMap<string, number>> {
    const bounces = new Map<string, number>();
    const metric = await this.#options.metrics.getSingleMetric('tmpfleet_bounces_total')?.get();
    for (const { value, labels } of metric?.values ?? []) {
      const node = String(labels.node);
      bounces.set(node, (bounces.get(node) ?? 0) + value);
    }
    return bounces;
  }
}
