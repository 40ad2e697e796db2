// The view of the whole fleet: kept by polls, read by every redirect, never waiting for anything.
import type { Clock } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import type { Member, NodeStats } from '../../shared/protocol/wire.ts';
import { createView, MAX_MISSES, type NodeView, nodeName } from './node-view.ts';
import { PartitionGuard } from './partition-guard.ts';

/** A failed poll. `sure` when the node cannot be serving readers either: it refused the connection or sent nonsense. */
export interface Miss {
  readonly reason: string;
  readonly sure: boolean;
}

/** Notified of every change as it happens. */
export interface FleetWatcher {
  update(view: NodeView, now: number): void;
  remove(view: NodeView): void;
}

export interface FleetOptions {
  /** ms */
  readonly pollInterval?: number;
}

export class Fleet {
  readonly pollInterval: number;
  readonly #clock: Clock;
  readonly #views = new Map<string, NodeView>();
  /** By the name in the node's own report. */
  readonly #byReportedName = new Map<string, NodeView>();
  readonly #watchers: FleetWatcher[] = [];
  readonly #guard: PartitionGuard<NodeView>;
  #reachableCount = 0;
  #ourKey: string | undefined;

  constructor(clock: Clock, { pollInterval = 2_000 }: FleetOptions = {}) {
    this.#clock = clock;
    this.pollInterval = pollInterval;
    this.#guard = new PartitionGuard(pollInterval);
  }

  /** Also called for the nodes that exist already. */
  watch(watcher: FleetWatcher): void {
    this.#watchers.push(watcher);
    for (const view of this.#views.values()) watcher.update(view, this.#clock.now());
  }

  /** Keeps only this key of a report's `seen`: the other redirectors' can be most of a report. */
  keepOnlySeen(key: string): void {
    this.#ourKey = key;
  }

  /** For whoever changed a view by other ways than a report: sent a reader there, or learnt that it is full. */
  changed(view: NodeView, now = this.#clock.now()): void {
    for (const watcher of this.#watchers) watcher.update(view, now);
  }

  views(): IterableIterator<NodeView> {
    return this.#views.values();
  }

  get size(): number {
    return this.#views.size;
  }

  get(id: string): NodeView | undefined {
    return this.#views.get(id);
  }

  /** By the node's name in tickets. */
  named(name: string): NodeView | undefined {
    const reported = this.#byReportedName.get(name);
    if (reported !== undefined) return reported;
    const view = this.#views.get(name);
    return view !== undefined && nodeName(view) === name ? view : undefined;
  }

  /** Adds and removes nodes to match the registry; what is known of the others stays. */
  setMembers(members: readonly Member[]): void {
    const present = new Map(members.map((member) => [member.id, member]));
    for (const view of this.#views.values()) {
      if (present.get(view.member.id)?.url !== view.member.url) this.#remove(view);
    }
    for (const member of members) {
      if (this.#views.has(member.id)) continue;
      const view = createView(member, this.#clock.now());
      this.#views.set(member.id, view);
      this.changed(view);
    }
  }

  /**
   * Stores a report, unless it is older than the last one of the same boot.
   * @param askedAt ms since 1970
   */
  report(view: NodeView, stats: NodeStats, askedAt: number): void {
    if (!this.#has(view)) return;
    const before = view.stats?.fleet;
    const { fleet } = stats;
    if (fleet !== undefined) {
      const twin = this.#byReportedName.get(fleet.node);
      if (twin !== undefined && twin !== view && twin.reachability === 'reachable') {
        const reason = `it calls itself ${JSON.stringify(fleet.node)}, as the node at ${twin.member.url} does: give each its own --node-id`;
        this.miss(view, { reason, sure: true });
        return;
      }
      if (before !== undefined && before.boot === fleet.boot && fleet.seq <= before.seq) {
        // Dropped, and a missed poll: a cache in between could otherwise return the same report for ever.
        this.miss(view, { reason: `its report is not newer than the last (seq ${fleet.seq})`, sure: false });
        return;
      }
      if (before !== undefined && before.boot !== fleet.boot) view.pending.reset();
    } else if (askedAt < view.askedAt) return;
    this.#forgetName(view);
    view.stats = this.#ourKey === undefined ? stats : keepSeenOf(stats, this.#ourKey);
    view.sheet = undefined;
    if (fleet !== undefined) this.#byReportedName.set(fleet.node, view);
    view.askedAt = askedAt;
    view.reportedAt = this.#clock.now();
    view.pending.settle(askedAt);
    view.misses = 0;
    view.full = false;
    view.unreachableReason = undefined;
    this.#becomeReachable(view);
    this.changed(view);
  }

  miss(view: NodeView, { reason, sure }: Miss): void {
    if (!this.#has(view)) return;
    view.misses += 1;
    view.unreachableReason = reason;
    if (sure) view.trustedUntil = 0;
    if (sure || view.misses >= MAX_MISSES || view.reachability === 'unknown')
      this.#becomeUnreachable(view, sure);
    this.changed(view);
  }

  /** A poll may end after its node has left. */
  #has(view: NodeView): boolean {
    return this.#views.get(view.member.id) === view;
  }

  #becomeReachable(view: NodeView): void {
    if (view.reachability === 'reachable') return;
    const now = this.#clock.now();
    // A node whose silence was ignored does not start slowly.
    if (view.reachability === 'unreachable') view.recoveredAt = view.trustedUntil > now ? 0 : now;
    view.trustedUntil = 0;
    view.reachability = 'reachable';
    view.since = now;
    this.#reachableCount += 1;
    this.#guard.forget(view);
  }

  #becomeUnreachable(view: NodeView, sure: boolean): void {
    if (view.reachability === 'unreachable') return;
    const wasReachable = view.reachability === 'reachable';
    view.reachability = 'unreachable';
    view.since = this.#clock.now();
    if (!wasReachable) return;
    this.#reachableCount -= 1;
    if (sure) return;
    for (const trusted of this.#guard.becameSilent(view, this.#reachableCount, view.since)) {
      trusted.trustedUntil = this.#guard.until;
      this.changed(trusted);
    }
  }

  #remove(view: NodeView): void {
    this.#views.delete(view.member.id);
    this.#forgetName(view);
    this.#guard.forget(view);
    if (view.reachability === 'reachable') this.#reachableCount -= 1;
    for (const watcher of this.#watchers) watcher.remove(view);
  }

  #forgetName(view: NodeView): void {
    const name = view.stats?.fleet?.node;
    if (name !== undefined && this.#byReportedName.get(name) === view) this.#byReportedName.delete(name);
  }
}

/** A report with only one key of `seen`. */
export function keepSeenOf(stats: NodeStats, key: string): NodeStats {
  if (stats.fleet === undefined) return stats;
  const ours = stats.fleet.seen[key];
  return { ...stats, fleet: { ...stats.fleet, seen: ours === undefined ? {} : { [key]: ours } } };
}

/** @throws FleetError `not-found` */
export function findNode(fleet: Fleet, id: string | undefined): NodeView {
  const view = fleet.get(id ?? '');
  if (view === undefined) throw new FleetError('not-found', `no node is called ${JSON.stringify(id)}`);
  return view;
}
