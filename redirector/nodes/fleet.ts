// The view of the whole fleet: kept by polls, read by every redirect, never waiting for anything.
import type { Clock } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import type { Member, NodeStats } from '../../shared/protocol/wire.ts';
import { createView, type NodeView, nodeName, PATIENCE } from './node-view.ts';
import { Suspicion } from './partition-guard.ts';

/** A failed poll. `sure` when the node cannot be serving readers either: refused, or talking nonsense. */
export interface Miss {
  readonly reason: string;
  readonly sure: boolean;
}

/** Is told of every change, as it happens. */
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
  /** By the name it told in its own report. */
  readonly #told = new Map<string, NodeView>();
  readonly #watchers: FleetWatcher[] = [];
  readonly #suspicion: Suspicion<NodeView>;
  #answering = 0;
  #heeded: string | undefined;

  constructor(clock: Clock, { pollInterval = 2_000 }: FleetOptions = {}) {
    this.#clock = clock;
    this.pollInterval = pollInterval;
    this.#suspicion = new Suspicion(pollInterval);
  }

  /** Is told of those who are there already, too. */
  watch(watcher: FleetWatcher): void {
    this.#watchers.push(watcher);
    for (const view of this.#views.values()) watcher.update(view, this.#clock.now());
  }

  /** Of what nodes have seen, only this redirector's tickets are kept: the others' can be most of a report. */
  heedOnly(key: string): void {
    this.#heeded = key;
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

  /** By the name it has in tickets. */
  named(name: string): NodeView | undefined {
    const told = this.#told.get(name);
    if (told !== undefined) return told;
    const view = this.#views.get(name);
    return view !== undefined && nodeName(view) === name ? view : undefined;
  }

  /** Takes the registry's word for who is there; what is known of those who stay, stays. */
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
   * A report has come. Dropped when it is older than what is known of the same boot.
   * @param askedAt ms since 1970
   */
  report(view: NodeView, stats: NodeStats, askedAt: number): void {
    if (!this.#has(view)) return;
    const before = view.stats?.fleet;
    const { fleet } = stats;
    if (fleet !== undefined) {
      const twin = this.#told.get(fleet.node);
      if (twin !== undefined && twin !== view && twin.answers === 'reachable') {
        const reason = `it calls itself ${JSON.stringify(fleet.node)}, as the node at ${twin.member.url} does: give each its own --node-id`;
        this.miss(view, { reason, sure: true });
        return;
      }
      if (before !== undefined && before.boot === fleet.boot && fleet.seq <= before.seq) {
        // Dropped, and a missed poll: a cache in between could otherwise tell us the same report for ever.
        this.miss(view, { reason: `its report is not newer than the last (seq ${fleet.seq})`, sure: false });
        return;
      }
      if (before !== undefined && before.boot !== fleet.boot) view.ledger.reset();
    } else if (askedAt < view.askedAt) return;
    this.#forgetName(view);
    view.stats = this.#heeded === undefined ? stats : withSeenOnly(stats, this.#heeded);
    view.sheet = undefined;
    if (fleet !== undefined) this.#told.set(fleet.node, view);
    view.askedAt = askedAt;
    view.reportedAt = this.#clock.now();
    view.ledger.settle(askedAt);
    view.misses = 0;
    view.full = false;
    view.reason = undefined;
    this.#answers(view);
    this.changed(view);
  }

  miss(view: NodeView, { reason, sure }: Miss): void {
    if (!this.#has(view)) return;
    view.misses += 1;
    view.reason = reason;
    if (sure) view.keptUntil = 0;
    if (sure || view.misses >= PATIENCE || view.answers === 'unknown') this.#answersNot(view, sure);
    this.changed(view);
  }

  /** A poll may end after its node has left. */
  #has(view: NodeView): boolean {
    return this.#views.get(view.member.id) === view;
  }

  #answers(view: NodeView): void {
    if (view.answers === 'reachable') return;
    const now = this.#clock.now();
    // One whose silence was not believed has lost nothing of our trust.
    if (view.answers === 'unreachable') view.backSince = view.keptUntil > now ? 0 : now;
    view.keptUntil = 0;
    view.answers = 'reachable';
    view.since = now;
    this.#answering += 1;
    this.#suspicion.answered(view);
  }

  #answersNot(view: NodeView, sure: boolean): void {
    if (view.answers === 'unreachable') return;
    const answered = view.answers === 'reachable';
    view.answers = 'unreachable';
    view.since = this.#clock.now();
    if (!answered) return;
    this.#answering -= 1;
    if (sure) return;
    for (const kept of this.#suspicion.fellSilent(view, this.#answering, view.since)) {
      kept.keptUntil = this.#suspicion.until;
      this.changed(kept);
    }
  }

  #remove(view: NodeView): void {
    this.#views.delete(view.member.id);
    this.#forgetName(view);
    this.#suspicion.answered(view);
    if (view.answers === 'reachable') this.#answering -= 1;
    for (const watcher of this.#watchers) watcher.remove(view);
  }

  #forgetName(view: NodeView): void {
    const name = view.stats?.fleet?.node;
    if (name !== undefined && this.#told.get(name) === view) this.#told.delete(name);
  }
}

/** Without what others' tickets were seen. */
export function withSeenOnly(stats: NodeStats, key: string): NodeStats {
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
