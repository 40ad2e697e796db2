// Tells each node which sites may show its pages in a frame, so that it is said once, at the front.
import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';
import type { Fleet, FleetWatcher } from '../nodes/fleet.ts';
import type { NodeView } from '../nodes/node-view.ts';
import type { Orders } from './node-orders.ts';

/** Two fronts with different lists, or a node that refuses, are not to keep each other busy. ms */
const RETRY_MS = 30_000;

export interface EmbedTellerOptions {
  readonly fleet: Fleet;
  readonly orders: Pick<Orders, 'embed'>;
  readonly config: { readonly embedOrigins: readonly string[] };
  readonly clock: Clock;
  readonly logger: Logger;
}

export class EmbedTeller implements FleetWatcher {
  readonly #options: EmbedTellerOptions;
  /** By node: the report looked at last, and when it was told last (monotonic, ms). */
  readonly #seen = new Map<NodeView, { report: NodeStats; toldAt: number }>();

  constructor(options: EmbedTellerOptions) {
    this.#options = options;
    options.fleet.watch(this);
  }

  update(view: NodeView): void {
    const { config, clock } = this.#options;
    const { embedOrigins: origins } = config;
    const { stats: report } = view;
    const before = this.#seen.get(view);
    if (report === undefined || report === before?.report) return;
    const told = report.fleet?.embed_origins;
    const now = clock.monotonic();
    const isDue = now - (before?.toldAt ?? Number.NEGATIVE_INFINITY) >= RETRY_MS;
    const mustTell = told !== undefined && isDue && told.join() !== origins.join();
    this.#seen.set(view, { report, toldAt: mustTell ? now : (before?.toldAt ?? Number.NEGATIVE_INFINITY) });
    if (mustTell) void this.#tell(view);
  }

  remove(view: NodeView): void {
    this.#seen.delete(view);
  }

  async #tell(view: NodeView): Promise<void> {
    const { orders, config, logger } = this.#options;
    await orders.embed(view, config.embedOrigins).catch((error: unknown) => {
      const why = { node: view.member.id, error: describeError(error) };
      logger.warn(why, 'the node does not learn which sites may show it in a frame');
    });
  }
}
