// What nodes report of their use, for the time that readers in line have to expect.
import type { UseReport } from '../../shared/line/estimate.ts';
import { mayBeSentTo, type NodeView } from '../nodes/node-view.ts';

/** Undefined before the first report, and for a plain tmpnb node, which does not say how many it has given out. */
export function useOf({ stats, askedAt }: NodeView): UseReport | undefined {
  if (stats?.fleet === undefined) return undefined;
  const { boot, claims, held } = stats.fleet;
  return { boot, claims, held, at: askedAt };
}

/** Sandboxes in use at nodes that give their room to another reader. @param now ms since 1970 */
export function heldAt(views: Iterable<NodeView>, now: number): number {
  let held = 0;
  for (const view of views) {
    // A node that is full takes readers again when one leaves.
    if (view.stats === undefined || !mayBeSentTo({ ...view, full: false }, now)) continue;
    held += useOf(view)?.held ?? view.stats.capacity;
  }
  return held;
}
