// The numbers of `tmpfleet top`: what the front tells of its nodes, and how quickly its counters rise.
import { z } from 'zod';
import { type NodeRow, nodeSchema } from '../control/answers.ts';
import type { ControlClient } from '../control/client.ts';
import { freeSlots, type Slots } from '../terminal/slot-bar.ts';
import { readSeries, type Series, sumOf } from './metrics-text.ts';

export interface Sample {
  /** ms since 1970 */
  readonly at: number;
  readonly nodes: readonly NodeRow[];
  readonly sent: readonly Series[];
  readonly bounced: readonly Series[];
  readonly refused: readonly Series[];
  readonly waiting: number;
}

export async function takeSample(client: ControlClient): Promise<Sample> {
  const [nodes, metrics] = await Promise.all([
    client.ask({ path: '/api/nodes', schema: z.array(nodeSchema) }),
    client.text({ path: '/metrics' }),
  ]);
  return {
    at: Date.now(),
    nodes,
    sent: readSeries(metrics, 'tmpfleet_redirects_total'),
    bounced: readSeries(metrics, 'tmpfleet_bounces_total'),
    refused: readSeries(metrics, 'tmpfleet_refusals_total'),
    waiting: sumOf(readSeries(metrics, 'tmpfleet_waiting')),
  };
}

/** What `--json` prints, and the picture shows. Rates are over the time between two samples, null for the first. */
export function compare(before: Sample | undefined, now: Sample, front: string) {
  const rate = (read: (sample: Sample) => number): number | null =>
    before === undefined ? null : perSecond(read(before), read(now), now.at - before.at);
  const total = (sample: Sample) => ({
    sent: sumOf(sample.sent),
    bounced: sumOf(sample.bounced),
    refused: sumOf(sample.refused),
  });
  const totals = total(now);
  const rows = now.nodes.map((node) => describeRow(node, now, (read) => rate((sample) => read(sample))));
  const oldest = now.nodes
    .filter((node) => node.report_age_seconds !== null)
    .sort((a, b) => (b.report_age_seconds ?? 0) - (a.report_age_seconds ?? 0))[0];
  return {
    at: new Date(now.at).toISOString(),
    front,
    nodes: rows,
    slots: rows.reduce((sum, { slots }) => addSlots(sum, slots), NO_SLOTS),
    // Whoever was sent back arrives again, and is sent or refused once more.
    arrivals_per_second: rate((sample) => total(sample).sent + total(sample).refused - total(sample).bounced),
    bounces_per_second: rate((sample) => total(sample).bounced),
    refusals_per_second: rate((sample) => total(sample).refused),
    sent_total: totals.sent,
    bounces_total: totals.bounced,
    refusals_total: totals.refused,
    waiting: now.waiting,
    oldest_report: oldest === undefined ? null : { node: oldest.id, age_seconds: oldest.report_age_seconds },
  };
}
export type TopView = ReturnType<typeof compare>;
export type TopRow = TopView['nodes'][number];

function describeRow(node: NodeRow, now: Sample, rate: (read: (sample: Sample) => number) => number | null) {
  const of = (series: readonly Series[]): number =>
    sumOf(series.filter(({ labels }) => labels.node === node.id));
  return {
    id: node.id,
    url: node.url,
    answers: node.answers,
    state: node.state,
    paused: node.paused,
    reason: node.reason,
    since: node.since,
    capacity: node.capacity,
    slots: slotsOf(node),
    sent_per_second: rate((sample) => of(sample.sent)),
    bounces_total: of(now.bounced),
    report_age_seconds: node.report_age_seconds,
    drain_deadline: node.drain_deadline,
    drain_forced: node.drain_forced,
  };
}

const NO_SLOTS: Slots = { held: 0, warm: 0, starting: 0, removing: 0, free: 0 };

/** A plain tmpnb node tells only how many are free of how many. Where nobody is sent, nothing is free. */
function slotsOf(node: NodeRow): Slots {
  const { answers, state, available, capacity, held, warm, starting, removing } = node;
  if (answers !== 'reachable') return NO_SLOTS;
  const known = {
    held: held ?? Math.max(0, capacity - available),
    warm: warm ?? available,
    starting: starting ?? 0,
    removing: removing ?? 0,
  };
  const takesReaders = state === null || state === 'ready';
  return { ...known, free: takesReaders ? freeSlots(known, capacity) : 0 };
}

function addSlots(a: Slots, b: Slots): Slots {
  return {
    held: a.held + b.held,
    warm: a.warm + b.warm,
    starting: a.starting + b.starting,
    removing: a.removing + b.removing,
    free: a.free + b.free,
  };
}

/** A counter that fell was started anew: what happened before that is not known. */
function perSecond(before: number, now: number, ms: number): number {
  const risen = now >= before ? now - before : now;
  return ms <= 0 ? 0 : Math.max(0, Math.round((risen / ms) * 10_000) / 10);
}
