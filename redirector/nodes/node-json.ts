// A node as the control API and the fleet page give it.
import type { EventNode } from '../../shared/api/event.ts';
import type { NodeJson, Slots } from '../../shared/api/node.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';
import { estimateRoom, mayBeSentTo, type NodeView } from './node-view.ts';

export interface DescribeOptions {
  /** The key under which nodes report the tickets of ours that they have seen; undefined without a secret. */
  readonly ourKey: string | undefined;
  /** ms since 1970 */
  readonly now: number;
  /** Readers that the node sent back. */
  readonly bounces: number;
}

export function describeNode(view: NodeView, { ourKey, now, bounces }: DescribeOptions): NodeJson {
  const { warm, cold } = estimateRoom(view, ourKey, now);
  return {
    ...describeStanding(view),
    schedulable: mayBeSentTo(view, now) && warm + cold > 0,
    estimate: { warm, cold },
    load: view.stats?.fleet?.load ?? null,
    report_age_seconds: reportAge(view, now) ?? null,
    redirects_total: view.redirects,
    bounces_total: bounces,
  };
}

/** Without what changes with every report or every reader. */
export function describeStanding(view: NodeView): EventNode {
  const { member, stats } = view;
  const fleet = stats?.fleet;
  return {
    id: member.id,
    url: member.url,
    reachability: view.reachability,
    reachability_changed_at: new Date(view.since).toISOString(),
    unreachable_reason: view.unreachableReason ?? null,
    state: fleet?.state ?? (stats === undefined ? null : 'ready'),
    plain: stats !== undefined && fleet === undefined,
    same_secret: view.hasOurSecret ?? null,
    problem: fleet?.problem ?? null,
    paused: fleet?.paused ?? null,
    capacity: stats?.capacity ?? 0,
    slots: slotsOf(stats),
    frozen: fleet?.frozen ?? null,
    drain_deadline_at: isoTime(fleet?.drain_deadline),
    drain_forced: fleet?.drain_forced ?? null,
    image: stats?.container_image ?? null,
    version: stats?.version ?? null,
    canary: canaryOf(view),
  };
}

function canaryOf({ canary }: NodeView): EventNode['canary'] {
  if (canary === undefined) return null;
  const { isFailing, since, reason } = canary;
  return { failing: isFailing, since: new Date(since).toISOString(), reason };
}

/** Seconds since the last report, in tenths; undefined before the first. */
export function reportAge({ reportedAt }: NodeView, now: number): number | undefined {
  return reportedAt === 0 ? undefined : Math.round(Math.max(0, now - reportedAt) / 100) / 10;
}

export function slotsOf(stats: NodeStats | undefined): Slots {
  if (stats === undefined) return { held: 0, warm: 0, starting: 0, removing: 0, free: 0 };
  const { capacity, available, fleet } = stats;
  // tmpnb keeps every slot filled: what is not available is taken.
  if (fleet === undefined)
    return { held: Math.max(0, capacity - available), warm: available, starting: 0, removing: 0, free: 0 };
  const { held, warm, starting, removing } = fleet;
  return { held, warm, starting, removing, free: Math.max(0, capacity - held - warm - starting - removing) };
}

function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}
