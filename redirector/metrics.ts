// What a redirector counts, under Prometheus' naming convention; labels are bounded by the number of nodes.
import type { Clock } from '../shared/clock.ts';
import { Counter, createMetrics, Gauge, type Registry } from '../shared/metrics.ts';
import type { Refusal, Sent } from './dispatch.ts';
import type { Fleet } from './fleet.ts';
import type { WaitOutcome } from './waiting-room.ts';

export interface RedirectorMetrics {
  readonly registry: Registry;
  countSent(kind: 'redirect' | 'spawn', sent: Sent): void;
  countRefusal(refusal: Refusal): void;
  /** @param node as it calls itself; only registered ones get a series of their own */
  countBounce(node: string, avoidable: boolean): void;
  countWait(outcome: WaitOutcome): void;
  /** For the process that holds readers. */
  showWaiting(size: () => number): void;
  /** For the process that has workers. */
  showWorkers(running: () => number): void;
}

export function createRedirectorMetrics(fleet: Fleet, clock: Clock): RedirectorMetrics {
  const registry = createMetrics('redirector');
  const registers = [registry];
  const sent = new Map<string, { redirect: number; spawn: number }>();
  new Counter({
    name: 'tmpfleet_redirects_total',
    help: 'Readers and programs sent to a node',
    labelNames: ['node', 'reason'],
    registers,
    // Plain numbers until somebody asks: a labelled `inc` costs a redirect a microsecond.
    collect() {
      this.reset();
      for (const [node, counts] of sent)
        for (const [reason, count] of Object.entries(counts))
          if (count > 0) this.inc({ node, reason }, count);
    },
  });
  const refusals = new Counter({
    name: 'tmpfleet_refusals_total',
    help: 'Readers who could be sent nowhere, by reason',
    labelNames: ['reason'],
    registers,
  });
  const bounces = new Counter({
    name: 'tmpfleet_bounces_total',
    help: 'Readers whom a node sent back; avoidable when there was room elsewhere',
    labelNames: ['node', 'avoidable'],
    registers,
  });
  const waits = new Counter({
    name: 'tmpfleet_waits_total',
    help: 'Readers who were held while nodes were asked again, by how that ended',
    labelNames: ['outcome'],
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
    help: 'Nodes, by whether they answer and the state they report (plain tmpnb nodes: ready; never heard: none)',
    labelNames: ['answers', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { answers, stats } of fleet.views())
        this.inc({ answers, state: stats?.fleet?.state ?? (stats === undefined ? 'none' : 'ready') });
    },
  });
  const showGauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  return {
    registry,
    countSent: (kind, { view }) => {
      const { id } = view.member;
      const counts = sent.get(id);
      if (counts !== undefined) counts[kind] += 1;
      else sent.set(id, { redirect: 0, spawn: 0, [kind]: 1 });
    },
    countRefusal: (reason) => refusals.inc({ reason }),
    countBounce: (node, avoidable) =>
      bounces.inc({ node: fleet.named(node)?.member.id ?? 'unknown', avoidable: String(avoidable) }),
    countWait: (outcome) => waits.inc({ outcome }),
    showWaiting: (size) => showGauge('tmpfleet_waiting', 'Readers who are held just now', size),
    showWorkers: (running) => showGauge('tmpfleet_workers', 'Processes that answer readers', running),
  };
}
