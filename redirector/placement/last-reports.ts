// Places a reader who would otherwise be refused by what the nodes reported alone, even if readers may be on the way to them.
import type { Random } from '../../shared/clock.ts';
import { mayBeSentTo, type NodeView } from '../nodes/node-view.ts';

interface Given {
  /** When the report was requested, ms since 1970. */
  readonly askedAt: number;
  readonly readers: number;
}

/**
 * The counts of readers on their way may be wrong: requests that never arrive look like readers for some seconds. A front
 * that believed its counts more than a fresh report would refuse readers while the fleet is empty. By each report at most as
 * many readers are placed as it has warm sandboxes; where the counts were right after all, a node bounces the reader.
 */
export class LastReports {
  /** Readers that were placed by a node's last report. */
  readonly #given = new WeakMap<NodeView, Given>();

  /** Whether a node reports a warm sandbox. @param now ms since 1970 */
  showWarm(views: Iterable<NodeView>, now: number): boolean {
    for (const view of views) if (mayBeSentTo(view, now) && warmIn(view) > 0) return true;
    return false;
  }

  /**
   * A node at random, in proportion to the warm sandboxes that its last report has left.
   * @param since only reports that were requested after this, ms since 1970
   */
  choose(views: Iterable<NodeView>, { random, now, since, tried }: ReportChoice): NodeView | undefined {
    let chosen: NodeView | undefined;
    let total = 0;
    for (const view of views) {
      if (view.askedAt <= since || !mayBeSentTo(view, now) || tried.includes(view)) continue;
      const left = warmIn(view) - this.#givenBy(view);
      if (left <= 0) continue;
      total += left;
      if (random() * total < left) chosen = view;
    }
    return chosen;
  }

  /** Counts a reader who was placed by the node's last report. */
  use(view: NodeView): void {
    this.#given.set(view, { askedAt: view.askedAt, readers: this.#givenBy(view) + 1 });
  }

  #givenBy(view: NodeView): number {
    const given = this.#given.get(view);
    return given?.askedAt === view.askedAt ? given.readers : 0;
  }
}

export interface ReportChoice {
  readonly random: Random;
  /** ms since 1970 */
  readonly now: number;
  readonly since: number;
  readonly tried: readonly NodeView[];
}

/** Warm sandboxes by the node's last report, even if readers may be on the way to them. */
export function warmIn({ stats }: NodeView): number {
  return stats?.fleet?.warm ?? stats?.available ?? 0;
}
