// What a redirector counts, under Prometheus' naming convention; labels are bounded by the number of nodes.
import type { Clock } from '../shared/clock.ts';
import { Counter, createMetrics, Gauge, type Registry } from '../shared/metrics.ts';
import type { Refusal, Sent } from './dispatch.ts';
import type { Fleet } from './fleet.ts';

export interface RedirectorMetrics {
  readonly registry: Registry;
  countSent(kind: 'redirect' | 'spawn', sent: Sent): void;
  countRefusal(refusal: Refusal): void;
}

export function createRedirectorMetrics(fleet: Fleet, clock: Clock): RedirectorMetrics {
  const registry = createMetrics('redirector');
  const registers = [registry];
  const sentTotal = new Counter({
    name: 'tmpfleet_redirects_total',
    help: 'Readers and programs sent to a node',
    labelNames: ['node', 'reason'],
    registers,
  });
  const refusals = new Counter({
    name: 'tmpfleet_refusals_total',
    help: 'Readers who could be sent nowhere, by reason',
    labelNames: ['reason'],
    registers,
  });
  new Gauge({
    name: 'tmpfleet_report_age_seconds',
    help: 'Age of the last report of each node',
    labelNames: ['node'],
    registers,
    collect() {
      this.reset();
      for (const { member, reportedAt } of fleet.views()) {
        if (reportedAt > 0) this.set({ node: member.id }, (clock.now() - reportedAt) / 1000);
      }
    },
  });
  new Gauge({
    name: 'tmpfleet_nodes',
    help: 'Nodes, by whether they answer',
    labelNames: ['answers'],
    registers,
    collect() {
      this.reset();
      for (const { answers } of fleet.views()) this.inc({ answers });
    },
  });
  return {
    registry,
    countSent: (kind, { view }) => sentTotal.inc({ node: view.member.id, reason: kind }),
    countRefusal: (reason) => refusals.inc({ reason }),
  };
}
