// The fleet as the page shows it: all of it for who comes, what changed for who is there.

import type { NodeStats } from '../../shared/protocol/wire.ts';
import { VERSION } from '../../shared/version.ts';
import type { Fleet } from '../nodes/fleet.ts';
import type { NodeView } from '../nodes/node-view.ts';
import type { Load } from './history.ts';
import type { Bucket, FleetUpdate, NodeRow, Slots } from './wire.ts';

/** What is of the moment and not of a node. */
export interface Moment {
  /** ms since 1970 */
  readonly at: number;
  readonly waiting: number;
  readonly bucket: Bucket | undefined;
}

export class Snapshots {
  readonly #fleet: Fleet;
  /** What was told of each node last, as JSON. */
  readonly #told = new Map<string, string>();
  #bucket = '';

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  whole(moment: Moment): FleetUpdate {
    return this.#update(moment, true, [...this.#fleet.views()].map(describeRow), []);
  }

  /**
   * What changed since the last call, ages of reports among it; undefined when nothing did. Whoever was told more
   * meanwhile is only told some of it again.
   */
  news(moment: Moment): FleetUpdate | undefined {
    const changed: NodeRow[] = [];
    for (const view of this.#fleet.views()) {
      const row = describeRow(view);
      const text = JSON.stringify(row);
      if (this.#told.get(row.id) === text) continue;
      this.#told.set(row.id, text);
      changed.push(row);
    }
    const gone = [...this.#told.keys()].filter((id) => this.#fleet.get(id) === undefined);
    for (const id of gone) this.#told.delete(id);
    const bucket = JSON.stringify(moment.bucket);
    const isSame = gone.length === 0 && this.#fleet.size === 0 && bucket === this.#bucket;
    this.#bucket = bucket;
    return isSame ? undefined : this.#update(moment, false, changed, gone);
  }

  #update(moment: Moment, whole: boolean, nodes: readonly NodeRow[], gone: readonly string[]): FleetUpdate {
    const { at, waiting, bucket = null } = moment;
    const ages: Record<string, number> = {};
    for (const { member, reportedAt } of this.#fleet.views())
      if (reportedAt > 0) ages[member.id] = Math.round(Math.max(0, at - reportedAt) / 100) / 10;
    return { at, version: VERSION, whole, nodes, gone, ages, waiting, bucket };
  }
}

export function describeRow(view: NodeView): NodeRow {
  const { member, stats } = view;
  const fleet = stats?.fleet;
  return {
    id: member.id,
    url: member.url,
    answers: view.reachability,
    since: view.since,
    state: fleet?.state ?? (stats === undefined ? null : 'ready'),
    plain: stats !== undefined && fleet === undefined,
    reason: view.unreachableReason ?? null,
    capacity: stats?.capacity ?? 0,
    slots: slotsOf(stats),
    version: stats?.version ?? null,
    image: stats?.container_image ?? null,
    drainDeadline: fleet?.drain_deadline ?? null,
    drainForced: fleet?.drain_forced === true,
  };
}

function slotsOf(stats: NodeStats | undefined): Slots {
  if (stats === undefined) return { held: 0, warm: 0, starting: 0, removing: 0, free: 0 };
  const { capacity, available, fleet } = stats;
  // tmpnb keeps every slot filled: what is not available is taken.
  if (fleet === undefined)
    return { held: Math.max(0, capacity - available), warm: available, starting: 0, removing: 0, free: 0 };
  const { held, warm, starting, removing } = fleet;
  return { held, warm, starting, removing, free: Math.max(0, capacity - held - warm - starting - removing) };
}

/** Of the nodes that answer: what the others told last may be long over. */
export function loadOf(fleet: Fleet): Load {
  let held = 0;
  let capacity = 0;
  for (const { reachability, stats } of fleet.views()) {
    if (reachability !== 'reachable' || stats === undefined) continue;
    held += slotsOf(stats).held;
    capacity += stats.capacity;
  }
  return { held, capacity };
}
