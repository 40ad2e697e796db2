// The fleet as the page shows it: all of it at first, then what changed.
import type { EventNode, FleetEvent } from '../../shared/api/event.ts';
import type { Bucket } from '../../shared/api/history.ts';
import { VERSION } from '../../shared/version.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { describeStanding, reportAge, slotsOf } from '../nodes/node-json.ts';
import type { Load } from './history.ts';

/** What belongs to the moment and not to a node. */
export interface Moment {
  /** ms since 1970 */
  readonly at: number;
  readonly waiting: number;
  readonly bucket: Bucket | undefined;
}

export class Snapshots {
  readonly #fleet: Fleet;
  /** The last event of each node, as JSON. */
  readonly #sent = new Map<string, string>();
  #bucket = '';

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  whole(moment: Moment): FleetEvent {
    const nodes = [...this.#fleet.views()].map(describeStanding);
    return this.#event(moment, { whole: true, nodes, removed: [] });
  }

  /**
   * What changed since the last call, ages of reports included; undefined when nothing did. A page that got the whole
   * in between gets some of it a second time.
   */
  news(moment: Moment): FleetEvent | undefined {
    const nodes: EventNode[] = [];
    for (const view of this.#fleet.views()) {
      const node = describeStanding(view);
      const text = JSON.stringify(node);
      if (this.#sent.get(node.id) === text) continue;
      this.#sent.set(node.id, text);
      nodes.push(node);
    }
    const removed = [...this.#sent.keys()].filter((id) => this.#fleet.get(id) === undefined);
    for (const id of removed) this.#sent.delete(id);
    const bucket = JSON.stringify(moment.bucket);
    const isSame = removed.length === 0 && this.#fleet.size === 0 && bucket === this.#bucket;
    this.#bucket = bucket;
    return isSame ? undefined : this.#event(moment, { whole: false, nodes, removed });
  }

  #event(
    { at, waiting, bucket }: Moment,
    nodes: Pick<FleetEvent, 'whole' | 'nodes' | 'removed'>,
  ): FleetEvent {
    const ages: Record<string, number> = {};
    for (const view of this.#fleet.views()) {
      const age = reportAge(view, at);
      if (age !== undefined) ages[view.member.id] = age;
    }
    const time = new Date(at).toISOString();
    return {
      at: time,
      version: VERSION,
      ...nodes,
      report_age_seconds: ages,
      waiting,
      bucket: bucket ?? null,
    };
  }
}

/** Of the nodes that answer: the last report of the others may be long out of date. */
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
