// What a redirector counts, under Prometheus' naming convention; labels are bounded by the number of nodes, and a node
// that is no longer one loses its series.
import type { RefusalReason } from '../../shared/api/refusal.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Serving } from '../../shared/http/serving.ts';
import type { Visitor } from '../../shared/http/visitor.ts';
import { showConnections } from '../../shared/limits/connection-metrics.ts';
import { type LineMetrics, showLine } from '../../shared/line/line-metrics.ts';
import {
  createMetrics,
  Histogram,
  only,
  type Registry,
  rowsBy,
  showCounter,
  showGauge,
} from '../../shared/metrics.ts';
import { Objective, showObjective } from '../../shared/reader-times/objective.ts';
import { showCertificate } from '../../shared/tls/metrics.ts';
import type { CanaryOutcome } from '../canary/outcomes.ts';
import type { Fleet } from '../nodes/fleet.ts';
import type { Sent } from '../placement/dispatcher.ts';
import type { WaitOutcome } from '../placement/waiting-room.ts';
import type { PollOutcome } from '../polling/poller.ts';
import { NodeTally, UNKNOWN_NODE } from './counters.ts';
import { showFleet } from './fleet-gauges.ts';

export interface RedirectorMetrics {
  readonly registry: Registry;
  /** Where readers who are in time are counted. */
  readonly objective: Objective;
  countSent(kind: 'redirect' | 'return' | 'spawn', sent: Sent): void;
  countLaunchPage(visitor: Visitor): void;
  countRefusal(refusal: RefusalReason): void;
  /** @param node as it calls itself; only registered ones get a series of their own */
  countBounce(node: string, avoidable: boolean): void;
  countWait(outcome: WaitOutcome, seconds: number): void;
  countPoll(outcome: PollOutcome): void;
  countCanary(node: string, outcome: CanaryOutcome): void;
  showProofOfWork(proof: {
    readonly isAsked: boolean;
    readonly counts: Readonly<Record<string, number>>;
  }): void;
  /** @returns where the line is to be counted */
  showLine(size: () => number): LineMetrics;
  showReaders(
    waiting: () => number,
    listener: Pick<Serving, 'connections' | 'refused' | 'certificate'>,
  ): void;
}

/** Seconds. A reader is held for at most three seconds unless --hold-for is larger. */
const WAIT_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10];

export function createRedirectorMetrics(fleet: Fleet, clock: Clock): RedirectorMetrics {
  const registry = createMetrics('redirector');
  showFleet(registry, fleet, clock);
  const refusals: Record<RefusalReason, number> = {
    full: 0,
    closed: 0,
    'none-answers': 0,
    'no-nodes': 0,
    'too-many-hops': 0,
  };
  const polls: Record<PollOutcome, number> = { report: 0, 'bad-report': 0, refused: 0, silent: 0 };
  showCounter(registry, {
    name: 'tmpfleet_refusals_total',
    help: 'Readers and programs that got an error because no node could take them, by reason',
    labels: ['reason'],
    rows: () => rowsBy('reason', refusals),
  });
  showCounter(registry, {
    name: 'tmpfleet_polls_total',
    help: 'Polls of nodes, by outcome: a report, an invalid report, a refused connection, or no answer in time',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', polls),
  });
  const objective = new Objective('front');
  showObjective(registry, { part: 'front', objective });
  return {
    registry,
    objective,
    ...countWays(registry, fleet),
    countWait: countWaits(registry),
    countCanary: countCanaries(registry, fleet),
    countLaunchPage: countLaunchPages(registry),
    countRefusal: (reason) => {
      refusals[reason] += 1;
    },
    countPoll: (outcome) => {
      polls[outcome] += 1;
    },
    showProofOfWork: (proof) => {
      showGauge(registry, {
        name: 'tmpfleet_proof_of_work_asked',
        help: '1 while new readers have to show a proof of work, because the fleet is nearly full (--proof-of-work-below)',
        rows: () => only(proof.isAsked ? 1 : 0),
      });
      showCounter(registry, {
        name: 'tmpfleet_proofs_of_work_total',
        help: 'Requests of which a proof of work was asked, by what they showed: good, none, late (an old challenge), spent (shown before) or wrong',
        labels: ['shown'],
        rows: () => rowsBy('shown', proof.counts),
      });
    },
    showLine: (size) => showLine(registry, size),
    showReaders: (waiting, listener) => {
      showGauge(registry, {
        name: 'tmpfleet_waiting',
        help: 'Readers held at the front because no node is known to have room',
        rows: () => only(waiting()),
      });
      showConnections(registry, listener);
      showCertificate(registry, listener.certificate);
    },
  };
}

/** Counts redirects and bounces for each node. */
function countWays(registry: Registry, fleet: Fleet): Pick<RedirectorMetrics, 'countSent' | 'countBounce'> {
  const sent = new NodeTally({ redirect: 0, return: 0, spawn: 0 });
  const bounced = new NodeTally({ true: 0, false: 0 });
  const isThere = (node: string): boolean => fleet.get(node) !== undefined;
  showCounter(registry, {
    name: 'tmpfleet_redirects_total',
    help: 'Readers (redirect), readers led back to their sandbox (return) and programs (spawn) sent to each node',
    labels: ['node', 'reason'],
    rows: () => sent.rows('reason', isThere),
  });
  showCounter(registry, {
    name: 'tmpfleet_bounces_total',
    help: 'Readers that a node sent back to the front; avoidable if another node took them',
    labels: ['node', 'avoidable'],
    rows: () => bounced.rows('avoidable', isThere),
  });
  return {
    countSent: (kind, { view }) => {
      sent.of(view.member.id)[kind] += 1;
    },
    countBounce: (node, avoidable) => {
      bounced.of(fleet.named(node)?.member.id ?? UNKNOWN_NODE)[avoidable ? 'true' : 'false'] += 1;
    },
  };
}

function countCanaries(registry: Registry, fleet: Fleet): RedirectorMetrics['countCanary'] {
  const zero: Record<CanaryOutcome, number> = {
    ...{ ok: 0, failed: 0, 'no-spare': 0, 'readers-wait': 0, 'not-ready': 0, unsupported: 0 },
  };
  const runs = new NodeTally(zero);
  showCounter(registry, {
    name: 'tmpfleet_canary_runs_total',
    help: 'Visits of the canary to each node, by outcome: ok, failed, or skipped because no warm sandbox was to spare (no-spare), readers stood in line (readers-wait), the node takes no readers (not-ready), or it is an older version or shows no pages (unsupported)',
    labels: ['node', 'outcome'],
    rows: () => runs.rows('outcome', (node) => fleet.get(node) !== undefined),
  });
  return (node, outcome) => {
    runs.of(node)[outcome] += 1;
  };
}

function countLaunchPages(registry: Registry): RedirectorMetrics['countLaunchPage'] {
  const pages: Record<Visitor, number> = {
    ...{ person: 0, press: 0, frame: 0, 'cross-site': 0, prefetch: 0, head: 0, unknown: 0 },
  };
  showCounter(registry, {
    name: 'tmpfleet_launch_pages_total',
    help: 'Visitors that got the launch page because they had not clicked, by kind',
    labels: ['visitor'],
    rows: () => rowsBy('visitor', pages),
  });
  return (visitor) => {
    pages[visitor] += 1;
  };
}

function countWaits(registry: Registry): RedirectorMetrics['countWait'] {
  const waits: Record<WaitOutcome, number> = { sent: 0, refused: 0, left: 0 };
  const seconds = new Histogram({
    name: 'tmpfleet_wait_seconds',
    help: 'Time that readers were held while nodes were polled again',
    buckets: WAIT_BUCKETS,
    registers: [registry],
  });
  showCounter(registry, {
    name: 'tmpfleet_waits_total',
    help: 'Readers that were held while nodes were polled again, by outcome',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', waits),
  });
  return (outcome, waited) => {
    waits[outcome] += 1;
    seconds.observe(waited);
  };
}
