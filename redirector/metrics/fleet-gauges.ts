// Gauges of the nodes, computed from the front's view at each scrape.
import type { Clock } from '../../shared/clock.ts';
import { type MetricRow, only, type Registry, rowsBy, showGauge } from '../../shared/metrics.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { estimateRoom, mayBeSentTo, type NodeView } from '../nodes/node-view.ts';

export function showFleet(registry: Registry, fleet: Fleet, clock: Clock): void {
  showNodes(registry, fleet, clock);
  showGauge(registry, {
    name: 'tmpfleet_fleet_capacity',
    help: 'Slots of all nodes that answer and take readers',
    rows: () => only(sum(fleet, (view) => (takes(view, clock) ? (view.stats?.capacity ?? 0) : 0))),
  });
  showGauge(registry, {
    name: 'tmpfleet_fleet_room',
    help: 'Readers that the fleet can still take, by the last reports: warm at once, cold after a start',
    labels: ['kind'],
    rows: () => {
      const rooms = [...fleet.views()].map((view) => estimateRoom(view, undefined, clock.now()));
      const total = (kind: 'warm' | 'cold'): number => rooms.reduce((all, room) => all + room[kind], 0);
      return rowsBy('kind', { warm: total('warm'), cold: total('cold') });
    },
  });
  showGauge(registry, {
    name: 'tmpfleet_fleet_sandboxes',
    help: 'Sandboxes of all nodes that answer, by state, by their last reports',
    labels: ['state'],
    rows: () =>
      SANDBOXES.map((state) => [
        { state },
        sum(fleet, (view) => (answers(view) ? reported(view, state) : 0)),
      ]),
  });
}

const SANDBOXES = ['warm', 'starting', 'held', 'removing'] as const;

function showNodes(registry: Registry, fleet: Fleet, clock: Clock): void {
  showGauge(registry, {
    name: 'tmpfleet_nodes',
    help: 'Nodes, by whether they answer polls and the state they last reported (plain tmpnb nodes: ready; no report yet: none)',
    labels: ['reachability', 'state'],
    rows: () => {
      const counts = new Map<string, [Record<string, string>, number]>();
      for (const view of fleet.views()) {
        const state = stateOf(view);
        const { reachability } = view;
        const row = counts.get(reachability + state) ?? [{ reachability, state }, 0];
        counts.set(reachability + state, [row[0], row[1] + 1]);
      }
      return counts.values();
    },
  });
  const perNode = (
    name: string,
    help: string,
    row: (view: NodeView) => MetricRow | undefined,
    label?: string,
  ): void =>
    showGauge(registry, {
      ...{ name, help, labels: label === undefined ? ['node'] : ['node', label] },
      rows: () => [...fleet.views()].map(row).filter((found) => found !== undefined),
    });
  perNode(
    'tmpfleet_node_reachable',
    '1 for a node that answers this front, 0 for one that does not',
    (view) => [{ node: view.member.id }, answers(view) ? 1 : 0],
  );
  perNode(
    'tmpfleet_node_reported_state',
    'Always 1; the state each node last reported is in the label (plain tmpnb nodes: ready; no report yet: none)',
    (view) => [{ node: view.member.id, state: stateOf(view) }, 1],
    'state',
  );
  perNode(
    'tmpfleet_node_has_our_secret',
    "1 for a node that has this front's secret, 0 for one that has another or none; without those that do not say",
    ({ member, hasOurSecret }) =>
      hasOurSecret === undefined ? undefined : [{ node: member.id }, hasOurSecret ? 1 : 0],
  );
  perNode(
    'tmpfleet_canary_failing',
    '1 for a node where the last visit of the canary failed, 0 where it did not; none before the first (--canary-every)',
    ({ member, canary }) =>
      canary === undefined ? undefined : [{ node: member.id }, canary.isFailing ? 1 : 0],
  );
  showGauge(registry, {
    name: 'tmpfleet_canary_step_seconds',
    help: 'How long each step of the last visit of the canary took: the claim, the page, and where it is a Jupyter the kernel and the first output',
    labels: ['node', 'step'],
    rows: () => [...fleet.views()].flatMap(stepsOf),
  });
  perNode('tmpfleet_report_age_seconds', 'Age of the last report of each node that has sent one', (view) =>
    view.reportedAt === 0 ? undefined : [{ node: view.member.id }, (clock.now() - view.reportedAt) / 1000],
  );
}

function stepsOf({ member, canary }: NodeView): MetricRow[] {
  return Object.entries(canary?.steps ?? {}).map(([step, ms]) => [{ node: member.id, step }, ms / 1_000]);
}

function sum(fleet: Fleet, of: (view: NodeView) => number): number {
  let all = 0;
  for (const view of fleet.views()) all += of(view);
  return all;
}

function answers(view: NodeView): boolean {
  return view.reachability === 'reachable';
}

/** Whether readers are sent there; a node that is full takes them again when one leaves. */
function takes(view: NodeView, clock: Clock): boolean {
  return mayBeSentTo({ ...view, full: false }, clock.now());
}

function stateOf({ stats }: NodeView): string {
  return stats?.fleet?.state ?? (stats === undefined ? 'none' : 'ready');
}

/** A plain tmpnb node reports only its warm sandboxes. */
function reported({ stats }: NodeView, state: (typeof SANDBOXES)[number]): number {
  return stats?.fleet?.[state] ?? (state === 'warm' ? (stats?.available ?? 0) : 0);
}
