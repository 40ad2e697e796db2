// One node as this redirector sees it: its last report, whether it answers polls, the readers on their way to it.

import type { ErrorCode } from '../../shared/errors.ts';
import { takesReaders } from '../../shared/protocol/node-state.ts';
import type { TicketSheet } from '../../shared/protocol/ticket.ts';
import type { Member, NodeStats } from '../../shared/protocol/wire.ts';
import { ARRIVAL_MS, epochAt, type PendingCounts } from './pending.ts';

/** Whether the node answers polls; how the node says it is stands in its report. */
export type Reachability = 'unknown' | 'reachable' | 'unreachable';

/** Unanswered polls in a row after which a node is unreachable; a refused connection counts at once. */
export const MAX_MISSES = 2;

export const CANARY_STEPS = ['claim', 'page', 'kernel', 'output'] as const;
export type CanaryStep = (typeof CANARY_STEPS)[number];

/** What came of the front's own visits, as a reader, to a node. Visits that were skipped change nothing. */
export interface CanaryVerdict {
  readonly isFailing: boolean;
  /** Since when it is so, ms since 1970. */
  readonly since: number;
  /** Why the last visit failed; empty where it did not. */
  readonly reason: string;
  /** How long each step of the last visit took, ms; without those that it did not reach. */
  readonly steps: Readonly<Partial<Record<CanaryStep, number>>>;
}

/** Written by `Fleet` alone; everything else reads it. */
export interface NodeView {
  readonly member: Member;
  readonly pending: PendingCounts;
  readonly reachability: Reachability;
  /** Since when `reachability` is what it is, ms since 1970. */
  readonly since: number;
  /** Why the last poll failed; undefined after a report. */
  readonly unreachableReason: string | undefined;
  /** The same, for the public. */
  readonly unreachableCode: ErrorCode | undefined;
  /** Failed polls in a row. */
  readonly misses: number;
  /** The last report. */
  readonly stats: NodeStats | undefined;
  /** Whether its tickets are signed with this front's secret, by its last report; undefined where it does not say. */
  readonly hasOurSecret: boolean | undefined;
  /** When the last report was requested, ms since 1970. */
  readonly askedAt: number;
  /** When the last report arrived, ms since 1970. */
  readonly reportedAt: number;
  /** When it last became reachable after being unreachable, ms since 1970; 0 for never. */
  readonly recoveredAt: number;
  /** Unreachable together with most others: until then its last report still counts. ms since 1970, 0 for no. */
  readonly trustedUntil: number;
  /** It sent a reader back since its last report. */
  readonly full: boolean;
  /** Readers sent there, for metrics. */
  readonly redirects: number;
  /** Undefined before the first visit. */
  readonly canary: CanaryVerdict | undefined;
  /** Tickets signed ahead for its next readers, under the name in its last report: a sheet for each kind. */
  readonly sheets: readonly (TicketSheet | undefined)[];
}

/** The name in tickets and in their `tried` list: the one in the node's report, else its id in the registry. */
export function nodeName(view: NodeView): string {
  return view.stats?.fleet?.node ?? view.member.id;
}

/** Whether the node answers, or its silence is not believed. @param now ms since 1970 */
export function isReachable({ reachability, trustedUntil }: NodeView, now: number): boolean {
  return reachability === 'reachable' || trustedUntil > now;
}

/** Whether readers may be sent to the node, room or not. @param now ms since 1970 */
export function mayBeSentTo(view: NodeView, now: number): boolean {
  if (!isReachable(view, now)) return false;
  if (view.full || view.stats === undefined) return false;
  const { fleet } = view.stats;
  return fleet === undefined || takesReaders(fleet.state);
}

export interface Room {
  /** Warm sandboxes less the readers on their way. */
  readonly warm: number;
  /** Slots in which a sandbox could be started while a reader waits. */
  readonly cold: number;
  /** Warm sandboxes less the readers who were sent so lately that the last report could not show them. */
  readonly doubted: number;
}

const NO_ROOM: Room = { warm: 0, cold: 0, doubted: 0 };

/** Our estimate of a node's room. DESIGN §6: warm − Σ over young epochs of (sent − seen). */
export function estimateRoom(view: NodeView, ourKey: string | undefined, now: number): Room {
  if (!mayBeSentTo(view, now) || view.stats === undefined) return NO_ROOM;
  const { fleet, available } = view.stats;
  if (fleet === undefined) {
    const left = Math.max(0, available - view.pending.countByTime(view.askedAt));
    return { warm: left, cold: 0, doubted: left };
  }
  const [pending, recent] = countPending(view, fleet.seen, { ourKey, now });
  const { warm, starting, held, removing, waiting, capacity, paused = false } = fleet;
  // A paused node starts nothing more than what is starting already.
  const slots = paused ? starting : capacity - warm - held - removing;
  // Readers beyond the warm sandboxes take free slots or sandboxes that are starting.
  const unmet = Math.max(0, pending - warm);
  return {
    warm: Math.max(0, warm - pending),
    cold: Math.max(0, (fleet.cold ?? slots - waiting) - unmet),
    doubted: Math.max(0, warm - recent),
  };
}

type Seen = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The readers on their way, and of those the ones that are not doubted. */
function countPending(
  { pending, askedAt }: NodeView,
  seen: Seen,
  { ourKey, now }: { readonly ourKey: string | undefined; readonly now: number },
): readonly [all: number, recent: number] {
  if (ourKey === undefined) {
    const byTime = pending.countByTime(askedAt);
    return [byTime, byTime];
  }
  const ours = seen[ourKey] ?? {};
  const all = pending.countByTickets(ours, now);
  return [all, all === 0 ? 0 : pending.countByTickets(ours, now, epochAt(askedAt - ARRIVAL_MS))];
}

/** Time over which a recovered node gets back its whole share: it may be about to fail again, or still cold. ms */
export const SLOW_START_MS = 10_000;

/** The part of its share that it gets at once. */
const FIRST_SHARE = 0.1;

/** Age in poll intervals at which two polls must have been missed, with up to 20 % of jitter. */
const TRUSTED_INTERVALS = 2.4;

/** Until when the last report has its full weight, ms since 1970. */
export function reportTrustedUntil(view: NodeView, pollIntervalMs: number): number {
  return view.reportedAt + TRUSTED_INTERVALS * pollIntervalMs;
}

/** The factor on a node's estimate in the draw, in (0, 1]: lower just after it recovered, lower when its report is old. */
export function trustIn(view: NodeView, pollIntervalMs: number, now: number): number {
  const back = view.recoveredAt === 0 ? 1 : Math.max(FIRST_SHARE, (now - view.recoveredAt) / SLOW_START_MS);
  const trusted = TRUSTED_INTERVALS * pollIntervalMs;
  const age = Math.max(trusted, now - view.reportedAt);
  return Math.min(1, back) * (trusted / age);
}
