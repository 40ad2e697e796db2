// Finds what happens in a fleet: compares each node with what it was, and the room of all of them with what it was.
import type { WebhookEvent, WebhookEventName } from '../../shared/api/webhook.ts';
import { type Clock, newNonce } from '../../shared/clock.ts';
import type { Fleet, FleetWatcher } from '../nodes/fleet.ts';
import type { NodeView, Reachability } from '../nodes/node-view.ts';
import type { FleetRoom } from '../nodes/summary.ts';

/** In a crowd the last slot is free and taken several times a second: a change counts once it has lasted this long. ms */
const SETTLE_MS = 10_000;
/** Reasons quote what nodes say. */
const LONGEST_REASON = 500;

interface Known {
  readonly reachability: Reachability;
  readonly state: string | undefined;
  readonly problem: string | undefined;
  readonly isCanaryFailing: boolean | undefined;
}

export interface ObserverOptions {
  readonly fleet: Fleet;
  readonly room: () => FleetRoom;
  readonly clock: Clock;
  readonly tell: (event: WebhookEvent) => void;
}

export class FleetObserver implements FleetWatcher {
  readonly #options: ObserverOptions;
  readonly #known = new Map<NodeView, Known>();
  /** Nodes that are there at the start are not news. */
  #isStarting = true;
  #isFull = false;
  /** Since when the room is other than the last event said (monotonic, ms). */
  #otherSince: number | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
    options.fleet.watch(this);
    this.#isStarting = false;
  }

  update(view: NodeView): void {
    const { id, url } = view.member;
    const before = this.#known.get(view);
    const now = describe(view);
    if (before !== undefined && isSame(before, now)) return;
    this.#known.set(view, now);
    if (before === undefined) {
      if (!this.#isStarting) this.#tell('node-added', `${id} was added, at ${url}`, { node: id });
      return;
    }
    this.#compareReach(view, before.reachability);
    this.#compare('node-state', view, before.state, now.state);
    this.#compare('node-problem', view, before.problem, now.problem);
    if (before.isCanaryFailing !== now.isCanaryFailing && now.isCanaryFailing !== undefined) {
      // The first visit that succeeds is no news.
      if (before.isCanaryFailing === undefined && !now.isCanaryFailing) return;
      const what = now.isCanaryFailing ? `fails: ${view.canary?.reason ?? ''}` : 'succeeds again';
      this.#tell('node-canary', `${id}: the canary ${what}`, { node: id });
    }
  }

  remove(view: NodeView): void {
    this.#known.delete(view);
    const { id } = view.member;
    this.#tell('node-removed', `${id} was removed`, { node: id });
  }

  /** Looks at the room of the whole fleet; to be called about once a second. */
  look(): void {
    const { room, clock } = this.#options;
    const { free, capacity } = room();
    // Where no node takes readers, there were events of nodes.
    const isFull = free <= 0 && capacity > 0;
    const now = clock.monotonic();
    if (isFull === this.#isFull) {
      this.#otherSince = undefined;
      return;
    }
    this.#otherSince ??= now;
    if (now - this.#otherSince < SETTLE_MS) return;
    this.#otherSince = undefined;
    this.#isFull = isFull;
    if (isFull) this.#tell('fleet-full', `all ${capacity} slots of the fleet are taken`);
    else this.#tell('fleet-room', `${free} of ${capacity} slots of the fleet are free again`);
  }

  #compareReach(view: NodeView, was: Reachability): void {
    const { id } = view.member;
    const { reachability: now, unreachableReason: reason } = view;
    if (was === now) return;
    const change = { node: id, was, now };
    if (now === 'unreachable')
      this.#tell('node-unreachable', `${id} is unreachable: ${reason ?? 'it does not answer'}`, change);
    else if (was === 'unreachable') this.#tell('node-reachable', `${id} answers again`, change);
  }

  #compare(
    event: 'node-state' | 'node-problem',
    { member: { id } }: NodeView,
    was: string | undefined,
    now: string | undefined,
  ): void {
    if (was === now) return;
    // Its first report is how it is, not a change; a problem is news all the same.
    if (event === 'node-state' && (was === undefined || now === undefined)) return;
    const text =
      event === 'node-state' ? `${id} is ${now}` : `${id}: ${now ?? 'it can start sandboxes again'}`;
    this.#tell(event, text, { node: id, was: was ?? null, now: now ?? null });
  }

  #tell(event: WebhookEventName, text: string, about: Pick<WebhookEvent, 'node' | 'was' | 'now'> = {}): void {
    const { clock, tell } = this.#options;
    const at = new Date(clock.now()).toISOString();
    tell({ id: newNonce(), at, event, text: text.slice(0, LONGEST_REASON), ...about });
  }
}

function describe({ reachability, stats, canary }: NodeView): Known {
  const { state, problem } = stats?.fleet ?? {};
  return {
    reachability,
    state: state ?? (stats === undefined ? undefined : 'ready'),
    problem: problem?.slice(0, LONGEST_REASON),
    isCanaryFailing: canary?.isFailing,
  };
}

function isSame(one: Known, other: Known): boolean {
  return (
    one.reachability === other.reachability &&
    one.state === other.state &&
    one.problem === other.problem &&
    one.isCanaryFailing === other.isCanaryFailing
  );
}
