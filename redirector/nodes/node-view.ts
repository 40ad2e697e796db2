// One node as this redirector sees it: its last report, whether it answers, who is on the way there.

import { takesReaders } from '../../shared/protocol/node-state.ts';
import type { TicketSheet } from '../../shared/protocol/ticket.ts';
import type { Member, NodeStats } from '../../shared/protocol/wire.ts';
import { Ledger } from './pending.ts';

/** "Says it is well" is in the report; this is "answers us". */
export type Answers = 'unknown' | 'reachable' | 'unreachable';

/** A silent node is given the benefit of the doubt this often; a refused connection is no doubt. */
export const PATIENCE = 2;

export interface NodeView {
  readonly member: Member;
  readonly ledger: Ledger;
  answers: Answers;
  /** ms since 1970, written once by what first saw it so. */
  since: number;
  /** Why it is set aside. */
  reason: string | undefined;
  misses: number;
  stats: NodeStats | undefined;
  /** When the last report was asked for, and when it came; ms since 1970. */
  askedAt: number;
  reportedAt: number;
  /** When it last came back from silence, ms since 1970; 0 when it never was away. */
  backSince: number;
  /** Silent, but most others fell silent with it: until then its last report is believed. ms since 1970, 0 for no. */
  keptUntil: number;
  /** A node that sent a reader back is full until it says otherwise. */
  full: boolean;
  /** Readers sent there; for metrics. */
  redirects: number;
  /** Tickets that are signed for its next readers, under the name of its last report. */
  sheet: TicketSheet | undefined;
}

export function createView(member: Member, now: number): NodeView {
  return {
    member,
    ledger: new Ledger(),
    answers: 'unknown',
    since: now,
    reason: undefined,
    misses: 0,
    stats: undefined,
    askedAt: 0,
    reportedAt: 0,
    backSince: 0,
    keptUntil: 0,
    full: false,
    redirects: 0,
    sheet: undefined,
  };
}

/** What the ticket and the `tried` list call it: its own name where it tells one. */
export function nodeName(view: NodeView): string {
  return view.stats?.fleet?.node ?? view.member.id;
}

/** @param now ms since 1970; without it a node that is kept for the time being is one that answers */
export function mayBeSentTo(view: NodeView, now = 0): boolean {
  if (view.answers !== 'reachable' && view.keptUntil <= now) return false;
  if (view.full || view.stats === undefined) return false;
  const { fleet } = view.stats;
  return fleet === undefined || takesReaders(fleet.state);
}

export interface Room {
  /** Warm sandboxes that nobody is on the way to. */
  readonly warm: number;
  /** Slots in which one could be started for a reader who is willing to wait a moment. */
  readonly cold: number;
}

/** Our estimate of a node's room. DESIGN §6: warm − Σ over young epochs of (sent − seen). */
export function estimateRoom(view: NodeView, ourKey: string | undefined, now: number): Room {
  if (!mayBeSentTo(view, now) || view.stats === undefined) return { warm: 0, cold: 0 };
  const { fleet, available } = view.stats;
  if (fleet === undefined) {
    return { warm: Math.max(0, available - view.ledger.pendingByTime(view.askedAt)), cold: 0 };
  }
  const pending =
    ourKey === undefined
      ? view.ledger.pendingByTime(view.askedAt)
      : view.ledger.pendingByTickets(fleet.seen[ourKey] ?? {}, now);
  const { warm, starting, held, removing, waiting, capacity, paused = false } = fleet;
  // A paused node starts nothing more than what is starting already.
  const slots = paused ? starting : capacity - warm - held - removing;
  // Whoever finds no warm one takes a slot that is free or being started.
  const unmet = Math.max(0, pending - warm);
  return {
    warm: Math.max(0, warm - pending),
    cold: Math.max(0, (fleet.cold ?? slots - waiting) - unmet),
  };
}

/** A node that just came back takes so long to get its whole share: it may be about to fall again, or still cold. ms */
export const SLOW_START_MS = 10_000;

/** What it gets of its share at once. */
const FIRST_SHARE = 0.1;

/** A report that is so many poll intervals old has been missed twice, with polls up to 20 % apart. */
const TRUSTED_INTERVALS = 2.4;

/** Until when the last report is trusted wholly, ms since 1970. */
export function trustedUntil(view: NodeView, pollInterval: number): number {
  return view.reportedAt + TRUSTED_INTERVALS * pollInterval;
}

/** How much of its estimate a node weighs in the draw, in (0, 1]: less when just back, less when its report is old. */
export function trustIn(view: NodeView, pollInterval: number, now: number): number {
  const back = view.backSince === 0 ? 1 : Math.max(FIRST_SHARE, (now - view.backSince) / SLOW_START_MS);
  const trusted = TRUSTED_INTERVALS * pollInterval;
  const age = Math.max(trusted, now - view.reportedAt);
  return Math.min(1, back) * (trusted / age);
}
