// Decides whether a node can be removed without a reader losing anything.
import { spellCount } from '../../shared/config/units.ts';
import { FleetError } from '../../shared/errors.ts';
import type { NodeView } from '../nodes/node-view.ts';

/** @throws FleetError `node-in-use` that says what is left there, or why that is unknown */
export function refuseIfInUse(view: NodeView): void {
  const why = whyInUse(view);
  if (why === undefined) return;
  throw new FleetError('node-in-use', `${view.member.id} ${why}`, {
    remedy: 'drain it first, or insist: --force (readers who are there stay, and the front forgets them)',
  });
}

function whyInUse({ stats, reachability, since }: NodeView): string | undefined {
  // It never reported, so no reader was sent there.
  if (stats === undefined) return undefined;
  const { fleet } = stats;
  if (fleet === undefined) return 'is a plain tmpnb node, which does not report how many readers it has';
  const readers = spellCount(fleet.held, 'reader');
  if (reachability !== 'reachable') {
    if (fleet.held === 0) return undefined;
    return `has not answered since ${new Date(since).toISOString()}, and had ${readers} then`;
  }
  if (fleet.state === 'drained') return undefined;
  return fleet.state === 'draining'
    ? `is still draining: ${readers} left`
    : `is ${fleet.state}, not drained: ${readers} and ${spellCount(fleet.warm, 'warm sandbox')}`;
}
