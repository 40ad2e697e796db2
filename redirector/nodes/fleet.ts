// The view of the whole fleet: kept by polls, read by every redirect, never waiting for anything.
import type { Clock } from '../../shared/clock.ts';
import { type ErrorCode, FleetError } from '../../shared/errors.ts';
import type { TicketSheet } from '../../shared/protocol/ticket.ts';
import type { FleetReport, Member, NodeStats } from '../../shared/protocol/wire.ts';
import { type CanaryVerdict, MAX_MISSES, type NodeView, nodeName, type Reachability } from './node-view.ts';
import { PartitionGuard } from './partition-guard.ts';
import { keepSeenOf, PendingReaders } from './pending.ts';

/** A failed poll. `sure` when the node cannot be serving readers either: it refused the connection or sent nonsense. */
export interface Miss {
  /** For operators: it may name internal addresses and quote what answered. */
  readonly reason: string;
  /** For the public; `node-unreachable` when absent. */
  readonly code?: ErrorCode;
  readonly sure: boolean;
}

/** Notified of every change as it happens. */
export interface FleetWatcher {
  update(view: NodeView, now: number): void;
  remove(view: NodeView): void;
}

export interface FleetOptions {
  /** ms */
  readonly pollIntervalMs?: number;
  /** Whether a report shows this front's secret; undefined where it does not say. By default no report is asked. */
  readonly hasOurSecret?: (report: FleetReport) => boolean | undefined;
}

/** The one copy of a `NodeView` that can be written. A class, so that `instanceof` finds it without a look-up. */
class NodeRecord implements NodeView {
  readonly member: Member;
  readonly pending = new PendingReaders();
  reachability: Reachability = 'unknown';
  since: number;
  unreachableReason: string | undefined = undefined;
  unreachableCode: ErrorCode | undefined = undefined;
  misses = 0;
  stats: NodeStats | undefined = undefined;
  hasOurSecret: boolean | undefined = undefined;
  askedAt = 0;
  reportedAt = 0;
  recoveredAt = 0;
  trustedUntil = 0;
  full = false;
  redirects = 0;
  canary: CanaryVerdict | undefined = undefined;
  sheets: (TicketSheet | undefined)[] = [];

  constructor(member: Member, now: number) {
    this.member = member;
    this.since = now;
  }
}

export class Fleet {
  readonly pollIntervalMs: number;
  readonly #clock: Clock;
  readonly #views = new Map<string, NodeRecord>();
  /** By the name in the node's own report. */
  readonly #byReportedName = new Map<string, NodeRecord>();
  readonly #watchers: FleetWatcher[] = [];
  readonly #guard: PartitionGuard<NodeRecord>;
  #reachableCount = 0;
  readonly #hasOurSecret: NonNullable<FleetOptions['hasOurSecret']>;
  #ourKey: string | undefined;

  constructor(clock: Clock, { pollIntervalMs = 2_000, hasOurSecret = () => undefined }: FleetOptions = {}) {
    this.#hasOurSecret = hasOurSecret;
    this.#clock = clock;
    this.pollIntervalMs = pollIntervalMs;
    this.#guard = new PartitionGuard(pollIntervalMs);
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

  /**
   * A reader was sent to the node. Watchers are not notified: this is the hot path, and it makes room for no other.
   * @param countedBy what will tell that they have arrived: their ticket, or time; undefined: they are not on their way
   */
  countRedirect(view: NodeView, now: number, countedBy: 'ticket' | 'time' | undefined): void {
    const record = writable(view);
    if (countedBy === 'ticket') record.pending.addWithTicket(now);
    else if (countedBy === 'time') record.pending.add(now);
    record.redirects += 1;
  }

  /** The node has answered for a reader who was sent there: they are not on their way any more. */
  countArrival(view: NodeView, now: number): void {
    const record = writable(view);
    record.pending.arrived(now);
    this.#notify(record);
  }

  /** The node has sent a reader back, or refused one: it gets no others until its next report. */
  markFull(view: NodeView): void {
    const record = writable(view);
    if (record.full) return;
    record.full = true;
    this.#notify(record);
  }

  /** Keeps tickets signed ahead for the node until its next report. @param kind a small number, one for those that are alike */
  keepTickets(view: NodeView, kind: number, sheet: TicketSheet): void {
    writable(view).sheets[kind] = sheet;
  }

  noteCanary(view: NodeView, verdict: CanaryVerdict): void {
    writable(view).canary = verdict;
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
      const view = new NodeRecord(member, this.#clock.now());
      this.#views.set(member.id, view);
      this.#notify(view);
    }
  }

  /**
   * Stores a report, unless it is older than the last one of the same boot.
   * @param askedAt ms since 1970
   */
  report(view: NodeView, stats: NodeStats, askedAt: number): void {
    const record = this.#current(view);
    if (record === undefined) return;
    const before = record.stats?.fleet;
    const { fleet } = stats;
    if (fleet !== undefined) {
      const twin = this.#byReportedName.get(fleet.node);
      if (twin !== undefined && twin !== record && twin.reachability === 'reachable') {
        const reason = `it calls itself ${JSON.stringify(fleet.node)}, as the node at ${twin.member.url} does: give each its own --node-id`;
        this.miss(record, { reason, code: 'already-exists', sure: true });
        return;
      }
      if (before !== undefined && before.boot === fleet.boot && fleet.seq <= before.seq) {
        // Dropped, and a missed poll: a cache in between could otherwise return the same report for ever.
        this.miss(record, {
          reason: `its report is not newer than the last (seq ${fleet.seq})`,
          code: 'bad-report',
          sure: false,
        });
        return;
      }
      if (before !== undefined && before.boot !== fleet.boot) record.pending.reset();
    } else if (askedAt < record.askedAt) return;
    this.#forgetName(record);
    record.stats = this.#ourKey === undefined ? stats : keepSeenOf(stats, this.#ourKey);
    record.sheets = [];
    if (fleet !== undefined) this.#byReportedName.set(fleet.node, record);
    if (before?.boot !== fleet?.boot || !isSameList(before?.key_ids, fleet?.key_ids))
      record.hasOurSecret = fleet && this.#hasOurSecret(fleet);
    record.askedAt = askedAt;
    record.reportedAt = this.#clock.now();
    record.pending.settle(askedAt);
    record.misses = 0;
    record.full = false;
    record.unreachableReason = undefined;
    record.unreachableCode = undefined;
    this.#becomeReachable(record);
    this.#notify(record);
  }

  /** To be called when this front has other secrets: tickets signed before are used up, and nodes may have other ones now. */
  compareSecrets(): void {
    for (const record of this.#views.values()) {
      const fleet = record.stats?.fleet;
      record.sheets = [];
      record.hasOurSecret = fleet && this.#hasOurSecret(fleet);
    }
  }

  miss(view: NodeView, { reason, code = 'node-unreachable', sure }: Miss): void {
    const record = this.#current(view);
    if (record === undefined) return;
    record.misses += 1;
    record.unreachableReason = reason;
    record.unreachableCode = code;
    if (sure) record.trustedUntil = 0;
    if (sure || record.misses >= MAX_MISSES || record.reachability === 'unknown')
      this.#becomeUnreachable(record, sure);
    this.#notify(record);
  }

  /** Undefined for a node that has left: a poll may end after that. */
  #current(view: NodeView): NodeRecord | undefined {
    const record = this.#views.get(view.member.id);
    return record === view ? record : undefined;
  }

  #notify(record: NodeRecord): void {
    const now = this.#clock.now();
    for (const watcher of this.#watchers) watcher.update(record, now);
  }

  #becomeReachable(view: NodeRecord): void {
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

  #becomeUnreachable(view: NodeRecord, sure: boolean): void {
    if (view.reachability === 'unreachable') return;
    const wasReachable = view.reachability === 'reachable';
    view.reachability = 'unreachable';
    view.since = this.#clock.now();
    if (!wasReachable) return;
    this.#reachableCount -= 1;
    if (sure) return;
    for (const trusted of this.#guard.becameSilent(view, this.#reachableCount, view.since)) {
      trusted.trustedUntil = this.#guard.until;
      this.#notify(trusted);
    }
  }

  #remove(view: NodeRecord): void {
    this.#views.delete(view.member.id);
    this.#forgetName(view);
    this.#guard.forget(view);
    if (view.reachability === 'reachable') this.#reachableCount -= 1;
    for (const watcher of this.#watchers) watcher.remove(view);
  }

  #forgetName(view: NodeRecord): void {
    const name = view.stats?.fleet?.node;
    if (name !== undefined && this.#byReportedName.get(name) === view) this.#byReportedName.delete(name);
  }
}

function isSameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}

/** @throws Error for a view that no fleet made */
function writable(view: NodeView): NodeRecord {
  if (view instanceof NodeRecord) return view;
  throw new Error(`${view.member.id} is not a node of this fleet`);
}

/** By its id in the registry, or else by its own `--node-id`. @throws FleetError `not-found` */
export function findNode(fleet: Fleet, id = ''): NodeView {
  const view = fleet.get(id) ?? fleet.named(id);
  if (view === undefined) throw new FleetError('not-found', `no node is called ${JSON.stringify(id)}`);
  return view;
}
