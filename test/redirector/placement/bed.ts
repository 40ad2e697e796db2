// A dispatcher over nodes that report what a test wants, with a clock that stands still.

import { Fleet } from '../../../redirector/nodes/fleet.ts';
import type { NodeView } from '../../../redirector/nodes/node-view.ts';
import { Dispatcher } from '../../../redirector/placement/dispatcher.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import type { FleetReport, NodeStats } from '../../../shared/protocol/wire.ts';
import { SECRET, seeded, TestClock } from '../support.ts';

let seq = 0;

export class DispatchBed {
  readonly clock = new TestClock();
  readonly fleet = new Fleet(this.clock, { pollIntervalMs: 2_000 });
  readonly dispatcher = new Dispatcher({
    ...{ fleet: this.fleet, keys: new FleetKeys([SECRET]), clock: this.clock, random: seeded(1) },
    ...{ redirector: 'front', boot: 'boot' },
  });

  /** Replaces the nodes. */
  members(count: number): readonly NodeView[] {
    this.fleet.setMembers(
      Array.from({ length: count }, (_, index) => ({ id: `n${index}`, url: `http://n${index}` })),
    );
    return [...this.fleet.views()];
  }

  report(view: NodeView, changes: Partial<FleetReport> = {}): void {
    seq += 1;
    const told: FleetReport = {
      ...{
        protocol: 1,
        node: view.member.id,
        boot: 'b',
        seq,
        state: 'ready',
        image: 'x',
        claims: 0,
        load: 0,
      },
      ...{ warm: 8, starting: 0, held: 0, removing: 0, waiting: 0, capacity: 8, ended: {}, seen: {} },
      ...changes,
    };
    const stats: NodeStats = { available: told.warm, capacity: told.capacity, fleet: told };
    this.fleet.report(view, stats, this.clock.now());
  }

  /** A reader who comes for the first time. */
  send() {
    return this.dispatcher.send(this.dispatcher.startJourney());
  }
}
