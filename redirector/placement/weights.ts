// Keeps each node's weight in the draw up to date: when it reports or misses a poll, a reader is sent, or time passes.
import type { Random } from '../../shared/clock.ts';
import {
  estimateRoom,
  isReachable,
  mayBeSentTo,
  type NodeView,
  reportTrustedUntil,
  SLOW_START_MS,
  trustIn,
} from '../nodes/node-view.ts';
import { epochAt, YOUNG_EPOCHS } from '../nodes/pending.ts';
import { NO_WEIGHT, Placement } from './two-draws.ts';
import { WeightSchedule } from './weight-schedule.ts';

// Of warm sandboxes the square root is weighed. Keeping the larger of two draws favours large estimates once more; in
// plain proportion, a node that seemed twice as free two seconds ago is sent far more than twice the readers by every
// redirector at once. In the simulator (100 × 64, thin pool, flash crowd of 150/s, T = 2 s; the same three seeds) 0.37 %
// of readers then miss with 32 redirectors and 0.05 % with 4; with the root 0.17 % and none. Unequal nodes fare as well.

/** Weight of one sandbox: the draw works on whole numbers, and a fraction of a sandbox must still count. */
const GRAIN = 64;

/** Most nodes weighed again within one redirect: the first one after a quiet hour must not pay for all. */
const AT_ONCE = 64;

export interface WeightsOptions {
  /** The key under which nodes report the tickets of ours that they have seen; undefined without a secret. */
  readonly ourKey: string | undefined;
  /** ms */
  readonly pollIntervalMs: number;
}

export class Weights {
  readonly #options: WeightsOptions;
  readonly #placement = new Placement();
  readonly #schedule = new WeightSchedule();
  readonly #places = new Map<NodeView, number>();
  readonly #views: (NodeView | undefined)[] = [];
  readonly #freed: number[] = [];
  /** By place, as last weighed: the estimate of warm sandboxes, and the trust in it. */
  readonly #warm: number[] = [];
  readonly #trust: number[] = [];

  constructor(options: WeightsOptions) {
    this.#options = options;
  }

  /** The node has changed, or is new. */
  update(view: NodeView, now: number): void {
    let place = this.#places.get(view);
    if (place === undefined) {
      place = this.#freed.pop() ?? this.#views.length;
      this.#places.set(view, place);
      this.#views[place] = view;
    }
    this.#weigh(view, place, now);
    if (this.#schedule.isDue(epochAt(now))) this.#catchUp(now);
  }

  /** A reader was sent there, and nothing else has changed: adjusts the weight without estimating the node's room again. */
  sent(view: NodeView, now: number): void {
    const place = this.#places.get(view);
    const warm = place === undefined ? 0 : (this.#warm[place] ?? 0) - 1;
    if (place === undefined || warm <= 0) {
      this.update(view, now);
      return;
    }
    this.#warm[place] = warm;
    this.#placement.setWarm(place, grains(Math.sqrt(warm) * (this.#trust[place] ?? 0)));
    // The reader may never arrive; from that epoch on they are not counted.
    if (this.#options.ourKey !== undefined) this.#schedule.add(place, epochAt(now) + YOUNG_EPOCHS);
  }

  remove(view: NodeView): void {
    const place = this.#places.get(view);
    if (place === undefined) return;
    this.#places.delete(view);
    this.#views[place] = undefined;
    this.#freed.push(place);
    this.#warm[place] = 0;
    this.#placement.set(place, NO_WEIGHT);
    this.#schedule.remove(place);
  }

  choose(random: Random, tried: readonly NodeView[], now: number): NodeView | undefined {
    if (this.#schedule.isDue(epochAt(now))) this.#catchUp(now);
    const excluded = tried.length === 0 ? NOWHERE : this.#placesOf(tried);
    for (;;) {
      const place = this.#placement.choose(random, excluded);
      const view = place === undefined ? undefined : this.#views[place];
      if (place === undefined || view === undefined) return undefined;
      // The last report is in the weight; only this may have changed since. The report itself is not read again: among
      // 10,000 nodes it is not in the processor's cache.
      if (!view.full && isReachable(view, now)) return view;
      // Its weight is 0 from now on, so this ends.
      this.#weigh(view, place, now);
    }
  }

  #placesOf(views: readonly NodeView[]): readonly number[] {
    const places = new Set<number>();
    for (const view of views) {
      const place = this.#places.get(view);
      if (place !== undefined) places.add(place);
    }
    return [...places];
  }

  #catchUp(now: number): void {
    this.#schedule.take(epochAt(now), AT_ONCE, (place) => {
      const view = this.#views[place];
      if (view !== undefined) this.#weigh(view, place, now);
    });
  }

  #weigh(view: NodeView, place: number, now: number): void {
    const { ourKey, pollIntervalMs } = this.#options;
    const room = estimateRoom(view, ourKey, now);
    const trust = trustIn(view, pollIntervalMs, now);
    this.#warm[place] = room.warm;
    this.#trust[place] = trust;
    this.#placement.set(place, {
      warm: grains(Math.sqrt(room.warm) * trust),
      cold: grains(room.cold * trust),
      doubted: grains(room.doubted * trust),
    });
    if (!mayBeSentTo(view, now)) return;
    const epoch = epochAt(now);
    const changing = trust < 1 || now < view.recoveredAt + SLOW_START_MS;
    let next = changing ? epoch + 1 : epochAt(reportTrustedUntil(view, pollIntervalMs)) + 1;
    if (view.trustedUntil > now) next = Math.min(next, epochAt(view.trustedUntil) + 1);
    const expiry = ourKey === undefined ? undefined : view.pending.nextExpiry(now);
    if (expiry !== undefined) next = Math.min(next, expiry);
    this.#schedule.add(place, Math.max(next, epoch + 1));
  }
}

const NOWHERE: readonly number[] = [];

/** Anything above 0 has weight: a node that is the only one left must be found. */
function grains(weight: number): number {
  return Math.ceil(weight * GRAIN);
}
