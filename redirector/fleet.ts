// The view of the whole fleet: kept by polls, read by every redirect, never waiting for anything.
import type { Clock } from '../shared/clock.ts';
import { FleetError } from '../shared/errors.ts';
import type { Member, NodeStats } from '../shared/wire.ts';
import { createView, type NodeView, nodeName, PATIENCE } from './node-view.ts';

/** A failed poll. `sure` when the node cannot be serving readers either: refused, or talking nonsense. */
export interface Miss {
  readonly reason: string;
  readonly sure: boolean;
}

export class Fleet {
  readonly #clock: Clock;
  readonly #views = new Map<string, NodeView>();

  constructor(clock: Clock) {
    this.#clock = clock;
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
    for (const view of this.#views.values()) if (nodeName(view) === name) return view;
    return undefined;
  }

  /** Takes the registry's word for who is there; what is known of those who stay, stays. */
  setMembers(members: readonly Member[]): void {
    const present = new Map(members.map((member) => [member.id, member]));
    for (const [id, view] of this.#views)
      if (present.get(id)?.url !== view.member.url) this.#views.delete(id);
    for (const member of members) {
      if (!this.#views.has(member.id)) this.#views.set(member.id, createView(member, this.#clock.now()));
    }
  }

  /**
   * A report has come. Dropped when it is older than what is known of the same boot.
   * @param askedAt ms since 1970
   */
  report(view: NodeView, stats: NodeStats, askedAt: number): void {
    const before = view.stats?.fleet;
    const { fleet } = stats;
    if (fleet !== undefined) {
      const twin = this.#twinOf(view, fleet.node);
      if (twin !== undefined) {
        const reason = `it calls itself ${JSON.stringify(fleet.node)}, as the node at ${twin.member.url} does: give each its own --node-id`;
        this.miss(view, { reason, sure: true });
        return;
      }
      if (before !== undefined && before.boot === fleet.boot && fleet.seq <= before.seq) return;
      if (before !== undefined && before.boot !== fleet.boot) view.ledger.reset();
    } else if (askedAt < view.askedAt) return;
    view.stats = stats;
    view.askedAt = askedAt;
    view.reportedAt = this.#clock.now();
    view.misses = 0;
    view.full = false;
    view.reason = undefined;
    this.#setAnswers(view, 'reachable');
  }

  miss(view: NodeView, { reason, sure }: Miss): void {
    view.misses += 1;
    view.reason = reason;
    if (sure || view.misses >= PATIENCE || view.answers === 'unknown') this.#setAnswers(view, 'unreachable');
  }

  #setAnswers(view: NodeView, answers: NodeView['answers']): void {
    if (view.answers === answers) return;
    view.answers = answers;
    view.since = this.#clock.now();
  }

  #twinOf(view: NodeView, name: string): NodeView | undefined {
    for (const other of this.#views.values()) {
      if (other !== view && other.answers === 'reachable' && other.stats?.fleet?.node === name) return other;
    }
    return undefined;
  }
}

/** @throws FleetError `not-found` */
export function findNode(fleet: Fleet, id: string | undefined): NodeView {
  const view = fleet.get(id ?? '');
  if (view === undefined) throw new FleetError('not-found', `no node is called ${JSON.stringify(id)}`);
  return view;
}
